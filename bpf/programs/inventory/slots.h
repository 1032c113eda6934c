/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The output of the inventory: an array with one record per element, in memory that user space maps. It is used because
 * an iterator's own output buffer cannot hold the records of a ring with many requests.
 */
#pragma once
#include "kernel/base.h"
#include "probe.h"

struct probe_inventory inventory = {};

/* Start of the current walk. A record about a request is void if the request has changed since this time. */
__u64 walk_ns = 0;

/*
 * Wanted rings, and for each the number of the last run that walked it. A ring can have many descriptors, but a run
 * walks it only once.
 */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1 << 14);
  __type(key, __u64);
  __type(value, __u32);
} targets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct probe_slot);
} slots SEC(".maps");

static __always_inline void *next_slot(void) {
  __u32 index = inventory.used++;
  return bpf_map_lookup_elem(&slots, &index);
}

static __always_inline void fill_header(
    struct record *base, enum record_kind kind, __u16 size, __u64 ring, __u64 req) {
  base->time_ns = inventory.start_ns;
  base->ctx = ring;
  base->req = req;
  base->tid = 0;
  base->size = size;
  base->kind = kind;
  base->opcode = RECORD_OPCODE_NONE;
}

static __always_inline __u64 read_pointer(__u64 address) {
  __u64 value = 0;
  bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
  return value;
}

#define address_of(structure, type, field) ((__u64)(structure) + bpf_core_field_offset(type, field))

/* Limit on the steps of a walk. */
#define MAX_STEPS (1 << 17)
