/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Replaces bpf/programs/kernel/helpers.h in user space: implements the BPF helper functions that transport.h calls. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) value *name
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define CHECKED_ONCE static __attribute__((noinline))
#define BPF_MAP_TYPE_ARRAY 2
#define BPF_MAP_TYPE_RINGBUF 27
#define BPF_F_MMAPABLE 1024
#define BPF_RB_FORCE_WAKEUP 2
#define CLAIMS_ATOMICALLY simulation.claims_atomically
#if defined(__x86_64__)
#define __TARGET_ARCH_x86
#endif

struct simulation {
  void *chunks;
  uint32_t chunk_count;
  bool claims_atomically;
  uint64_t wakeups;
};
extern struct simulation simulation;
extern _Thread_local uint32_t simulated_cpu;

static inline uint32_t bpf_get_smp_processor_id(void) {
  return simulated_cpu;
}
/* The only map that is looked up is the array of chunks. */
static inline void *bpf_map_lookup_elem(const void *map, const uint32_t *key) {
  (void)map;
  return *key < simulation.chunk_count ? (char *)simulation.chunks + (size_t)*key * (1 << 15) : NULL;
}
static inline void *bpf_ringbuf_reserve(void *map, uint64_t size, uint64_t flags) {
  (void)map, (void)size, (void)flags;
  return &simulation;
}
static inline void bpf_ringbuf_discard(void *record, uint64_t flags) {
  (void)record, (void)flags;
  __atomic_fetch_add(&simulation.wakeups, 1, __ATOMIC_RELAXED);
}
