/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The number of a ring's outstanding requests according to the kernel's own counters. User space compares it with the
 * number of requests that the inventory found. The method depends on the kernel: RECORD_BALANCE_*.
 */
#pragma once
#include "inventory/slots.h"
#include "kernel/versions.h"

#define MAX_PROCESSORS 1024

__u32 free_count = 0;
__u64 free_node = 0;
__s64 reference_count = 0;

/*
 * Counts a free request. Its `ctx` cannot be checked: on 6.18 a request that was never used has no `ctx`, or one left
 * from the previous use of its memory. Instead, a changed list is detected by its head, which changes whenever a
 * request is allocated or freed.
 */
static long count_free_step(__u32 index, void *unused) {
  if (!free_node)
    return 1;
  free_count++;
  free_node = read_pointer(free_node);
  return 0;
}

static long count_references_step(__u32 processor, void *counter) {
  if (processor >= inventory.processors)
    return 1;
  __u64 offset = read_pointer(inventory.per_cpu_offsets + processor * 8ULL);
  reference_count += (__s64)read_pointer(*(__u64 *)counter + offset);
  return 0;
}

/* Counts references to the ring, minus the ring's own. Each allocated request holds one reference. */
static __always_inline bool count_references(struct io_ring_ctx *ring) {
  __u64 counter = BPF_CORE_READ(ring, refs.percpu_count_ptr);
  if (!inventory.per_cpu_offsets || counter & 3)
    return false;
  /* while the counter is per processor, its total is biased by 1 << 63 */
  reference_count = BPF_CORE_READ(ring, refs.data, count.counter) - (__s64)0x8000000000000000ULL - 1;
  bpf_loop(MAX_PROCESSORS, count_references_step, &counter, 0);
  return true;
}

static __always_inline void count_free(struct io_ring_ctx *ring) {
  free_count = 0;
  free_node = (__u64)BPF_CORE_READ(ring, submit_state.free_list.next);
  bpf_loop(MAX_STEPS, count_free_step, NULL, 0);
  if (bpf_core_field_exists(struct io_ring_ctx___locked_free_list, locked_free_list)) {
    struct io_ring_ctx___locked_free_list *old = (void *)ring;
    free_node = (__u64)BPF_CORE_READ(old, locked_free_list.first);
    bpf_loop(MAX_STEPS, count_free_step, NULL, 0);
  }
}

/* Fields of a ring that change while a task submits, or posts CQEs and frees their requests. */
struct progress {
  __u64 free;
  __u32 taken;
  __u32 posted;
};

/* True while a task holds the ring's lock: it submits, or runs task work that is no longer on a list. */
static __always_inline bool is_locked(struct io_ring_ctx *ring) {
  const __u64 flags = 7; /* MUTEX_FLAGS */
  return bpf_core_field_exists(struct mutex, owner) && BPF_CORE_READ(ring, uring_lock.owner.counter) & ~flags;
}

/*
 * False while a task submits or completes requests; the task can be preempted there for a long time. Meanwhile the
 * counters disagree: from the first SQE of a batch to the last, the SQ head that the application sees lags behind;
 * completed requests are in compl_reqs from before their CQEs are posted until they are free.
 */
static __always_inline bool is_between_calls(struct io_ring_ctx *ring, struct progress *progress) {
  if (is_locked(ring))
    return false;
  progress->free = (__u64)BPF_CORE_READ(ring, submit_state.free_list.next);
  progress->taken = BPF_CORE_READ(ring, cached_sq_head);
  progress->posted = BPF_CORE_READ(ring, cached_cq_tail);
  if (BPF_CORE_READ(ring, submit_state.compl_reqs.first))
    return false;
  return BPF_CORE_READ(ring, flags) & IORING_SETUP_SQ_REWIND ||
         BPF_CORE_READ(ring, rings, sq.head) == progress->taken;
}

__u64 counted_ns = 0;
__s64 outstanding = 0;

/* Sets `outstanding` as of `counted_ns`. Returns RECORD_BALANCE_*, UNKNOWN if the ring changed during the count. */
__noinline int count_outstanding(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  struct progress before, after;
  int method = RECORD_BALANCE_UNKNOWN;
  bool is_still = is_between_calls(ring, &before);
  counted_ns = bpf_ktime_get_ns();
  count_free(ring);
  if (bpf_core_field_exists(struct io_ring_ctx___allocated, nr_req_allocated)) {
    struct io_ring_ctx___allocated *newer = (void *)ring;
    outstanding = (__s64)BPF_CORE_READ(newer, nr_req_allocated) - free_count;
    method = RECORD_BALANCE_ALLOCATED;
  } else if (count_references(ring)) {
    outstanding = reference_count - free_count;
    method = RECORD_BALANCE_REFERENCES;
  }
  is_still = is_still && is_between_calls(ring, &after);
  if (!is_still || before.free != after.free || before.taken != after.taken || before.posted != after.posted)
    method = RECORD_BALANCE_UNKNOWN;
  return method;
}

/* Writes the count of a ring's outstanding requests. Returns the index of the record's slot. */
__noinline int write_balance(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  int slot = inventory.used;
  struct record_ring_balance *balance = next_slot();
  if (!balance)
    return slot;
  fill_header(&balance->base, RECORD_RING_BALANCE, sizeof(*balance), address, 0);
  balance->reached = 0; /* set by user space, which counts each request once */
  int method = count_outstanding(address);
  if (method == RECORD_BALANCE_UNKNOWN)
    method = count_outstanding(address);
  if (method == RECORD_BALANCE_UNKNOWN)
    method = count_outstanding(address);
  if (method == RECORD_BALANCE_UNKNOWN && bpf_core_field_exists(struct io_ring_ctx___cq_extra, cq_extra)) {
    struct io_ring_ctx___cq_extra *older = (void *)ring;
    __u32 posted = BPF_CORE_READ(ring, cached_cq_tail) - BPF_CORE_READ(older, cq_extra);
    outstanding = (__s32)(BPF_CORE_READ(ring, cached_sq_head) - posted);
    method = RECORD_BALANCE_SEQUENCE;
  }
  if (method == RECORD_BALANCE_UNKNOWN || outstanding < 0 || outstanding > MAX_STEPS * 2) {
    method = RECORD_BALANCE_UNKNOWN;
    outstanding = 0;
  }
  /* the time of the count rather than the start of the run: the ring has changed in between */
  balance->base.time_ns = counted_ns;
  balance->method = method;
  balance->outstanding = outstanding;
  return slot;
}

/* Marks a ring's balance as unknown, after a walk that can have missed requests of the ring. */
__noinline int void_balance(__u32 slot) {
  struct record_ring_balance *balance = bpf_map_lookup_elem(&slots, &slot);
  if (balance) {
    balance->method = RECORD_BALANCE_UNKNOWN;
    balance->outstanding = 0;
  }
  return 0;
}
