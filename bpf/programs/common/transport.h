/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The transport (probe.h). A program claims a lane of its CPU, writes a record at the lane's `place`, advances `place`,
 * and leaves the lane. With up to 512 CPUs, only programs on one CPU use a lane, and they cannot migrate. So lanes need
 * no lock and, where programs cannot be preempted, no atomic operation: a program that interrupts another program finds
 * the lane busy, takes the next lane, and leaves that lane before the interrupted program continues.
 *
 * Tests compile this file for user space as well (Tests/CTransport).
 */
#pragma once
#include "common/config.h"
#include "kernel/helpers.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1); /* user space sets the number of chunks before the load */
  __type(key, __u32);
  __type(value, struct probe_chunk);
} chunks SEC(".maps");

/* Variables rather than maps: their addresses are constants and need no look-up. */
struct probe_lane lanes[PROBE_MAX_LANES] SEC(".data.lanes") = {};
struct probe_pool pool SEC(".data.pool") = {};

/* A map without data, which only wakes the reader. A program can wake a task only with this kind of map. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} wakeups SEC(".maps");

/*
 * When to wake the reader: PROBE_WAKE_AT_RECORD means at the next record, a larger value means when pool.taken
 * reaches that value. 0 while the reader is awake.
 */
volatile __u64 wake_position SEC(".data.reader") = 0;

/*
 * 1 if programs of this object claim lanes with atomic operations, because they can be preempted. Iterators and
 * programs on functions or system calls can be preempted on every kernel, so their objects define this as 1. Programs
 * on io_uring's tracepoints can be preempted from 7.0 on. Also 1 if CPUs share lanes.
 */
#ifndef CLAIMS_ATOMICALLY
#define CLAIMS_ATOMICALLY config.claims_atomically
#endif

/* load and store access a word that the reader or a program on another CPU may change at the same time. */
static __always_inline __u64 load(const __u64 *address) {
#if defined(__bpf__)
  return *(const volatile __u64 *)address;
#else
  return __atomic_load_n(address, __ATOMIC_RELAXED);
#endif
}

static __always_inline void store(__u64 *address, __u64 value) {
#if defined(__bpf__)
  *(volatile __u64 *)address = value;
#else
  __atomic_store_n(address, value, __ATOMIC_RELAXED);
#endif
}

/* Stores a value after all earlier stores. Not all supported kernels have a release store for BPF; x86 needs none. */
static __always_inline void publish(__u64 *address, __u64 value) {
#if !defined(__bpf__)
  __atomic_store_n(address, value, __ATOMIC_RELEASE);
#elif defined(__TARGET_ARCH_x86)
  asm volatile("" ::: "memory");
  store(address, value);
  asm volatile("" ::: "memory");
#else
  __sync_lock_test_and_set(address, value);
#endif
}

/* Wakes the reader, once for each time that the reader sets wake_position. */
CHECKED_ONCE int wake_reader(__u64 position) {
  if (__sync_val_compare_and_swap(&wake_position, position, 0) != position)
    return 0;
  void *nothing = bpf_ringbuf_reserve(&wakeups, 8, 0);
  if (nothing)
    bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
  return 0;
}

/* Lanes */

static __always_inline bool claim(struct probe_lane *lane) {
  if (CLAIMS_ATOMICALLY)
    return __sync_val_compare_and_swap(&lane->busy, 0, 1) == 0;
  if (load(&lane->busy))
    return false;
  store(&lane->busy, 1);
  asm volatile("" ::: "memory");
  return true;
}

/* Claims one of a CPU's lanes other than lane `first`. Returns its number, PROBE_MAX_LANES if all are busy. */
CHECKED_ONCE __u32 claim_other_lane(__u32 first) {
  for (__u32 i = 1; i < PROBE_LANES; i++) {
    __u32 number = (first + i) & (PROBE_MAX_LANES - 1);
    if (claim(&lanes[number]))
      return number;
  }
  return PROBE_MAX_LANES;
}

/* Chunks */

#define CHUNK_CLAIMS 16

/* Takes a free chunk: the one that the reader freed last, or one never used. Returns its number, 0 if there is none. */
static __always_inline __u32 take_chunk(void) {
  for (int i = 0; i < CHUNK_CLAIMS; i++) {
    __u64 top = load(&pool.free);
    __u32 number = (__u32)top;
    if (!number)
      break;
    struct probe_chunk *chunk = bpf_map_lookup_elem(&chunks, &number);
    if (!chunk)
      return 0;
    __u64 next = ((top >> 32) + 1) << 32 | (__u32)load(&chunk->link);
    if (__sync_val_compare_and_swap(&pool.free, top, next) == top)
      return number;
  }
  __u32 number = (__u32)load(&pool.used);
  if (!bpf_map_lookup_elem(&chunks, &number))
    return 0;
  return (__u32)__sync_fetch_and_add(&pool.used, 1);
}

/* Adds a free chunk to a lane, which the caller has claimed. Returns the chunk's number, 0 if none is free. */
CHECKED_ONCE __u32 next_chunk(__u32 lane_number) {
  struct probe_lane *lane = &lanes[lane_number & (PROBE_MAX_LANES - 1)];
  __u32 number = take_chunk(), full = lane->place >> 32;
  struct probe_chunk *next = bpf_map_lookup_elem(&chunks, &number);
  if (!number || !next)
    return 0;
  store(&next->link, 0);
  struct probe_chunk *last = bpf_map_lookup_elem(&chunks, &full);
  if (full && last)
    publish(&last->link, (__u64)number << 32 | (__u32)lane->place);
  else
    lane->first = number;
  publish(&lane->place, (__u64)number << 32 | PROBE_CHUNK_START);
  __u64 taken = __sync_fetch_and_add(&pool.taken, 1) + 1, position = wake_position;
  store(&pool.is_scarce, taken - load(&pool.freed) > pool.half);
  if (position > PROBE_WAKE_AT_RECORD && taken >= position)
    wake_reader(position);
  return number;
}

/* Room for records */

/* Claims a lane for the caller and returns room for `size` bytes in it. NULL if there is no room. */
static __always_inline void *claim_place(__u64 size, __u32 *lane_number) {
  __u32 number = bpf_get_smp_processor_id() * PROBE_LANES & (PROBE_MAX_LANES - 1);
  struct probe_lane *lane = &lanes[number];
  if (!claim(lane)) {
    number = claim_other_lane(number);
    if (number >= PROBE_MAX_LANES)
      return NULL;
    lane = &lanes[number];
  }
  __u64 place = lane->place;
  __u32 chunk_number = place >> 32, offset = (__u32)place;
  asm volatile("" : "+r"(offset));
  if (offset > PROBE_CHUNK_SIZE - size || !chunk_number) {
    chunk_number = next_chunk(number);
    offset = PROBE_CHUNK_START;
  }
  struct probe_chunk *chunk = bpf_map_lookup_elem(&chunks, &chunk_number);
  if (!chunk_number || !chunk) {
    publish(&lane->busy, 0);
    return NULL;
  }
  *lane_number = number;
  return (void *)chunk + offset;
}

/* Hands over `size` bytes at the lane's `place` to the reader, and leaves the lane. */
static __always_inline void leave_place(struct probe_lane *lane, __u64 size) {
  publish(&lane->place, lane->place + size);
  publish(&lane->busy, 0);
  if (wake_position == PROBE_WAKE_AT_RECORD)
    wake_reader(PROBE_WAKE_AT_RECORD);
}
