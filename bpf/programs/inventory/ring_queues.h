/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Lists the contents of a ring's queues: SQEs not yet taken, CQEs not yet reaped, overflowed CQEs, and CQEs reaped
 * last.
 */
#pragma once
#include "inventory/slots.h"
#include "kernel/versions.h"

#define MAX_LISTED 64 /* entries listed of each queue */
#define MAX_REAPED 4

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_overflow_cqe {
  struct list_head list;
  struct io_uring_cqe cqe;
};

#pragma clang attribute pop

/* State of the walk over a queue. */
struct {
  __u64 ring;
  __u64 node;
  __u64 end;
  __u32 position;
  __u32 tail;
  __u64 user_data; /* user_data to find among the CQEs */
  __s32 res;
  __u32 is_found;
  __u32 steps;
  __u32 reaped_count;
  __u64 reaped[MAX_REAPED]; /* user_data of the CQEs reaped last */
} queue = {};

/* Returns the SQE at a position of the submission queue, NULL if its entry in the array is not valid. */
static __always_inline struct io_uring_sqe *sqe_at(struct io_ring_ctx *ring, __u32 position) {
  __u32 flags = BPF_CORE_READ(ring, flags), entries = BPF_CORE_READ(ring, sq_entries);
  __u32 entry = position & (entries - 1);
  if (!(flags & IORING_SETUP_NO_SQARRAY)) {
    __u32 *array = BPF_CORE_READ(ring, sq_array);
    bpf_probe_read_kernel(&entry, sizeof(entry), array + entry);
    if (entry >= entries)
      return NULL;
  }
  void *sqes = BPF_CORE_READ(ring, sq_sqes);
  return sqes + entry * (flags & IORING_SETUP_SQE128 ? 128ULL : 64ULL);
}

/* Lists an SQE that the kernel has not taken. With SQE_MIXED (7.2) a 128-byte SQE takes two entries. */
static long unsubmitted_step(__u32 index, void *unused) {
  struct io_ring_ctx *ring = (void *)queue.ring;
  if (queue.position == queue.tail)
    return 1;
  struct io_uring_sqe *sqe = sqe_at(ring, queue.position++);
  if (!sqe)
    return 0;
  struct record_unsubmitted *record = next_slot();
  if (!record)
    return 0;
  fill_header(&record->base, RECORD_UNSUBMITTED, sizeof(*record), queue.ring, 0);
  bpf_probe_read_kernel(&record->sqe, sizeof(record->sqe), sqe);
  record->base.opcode = record->sqe.opcode;
  __u32 flags = BPF_CORE_READ(ring, flags);
  if (takes_two_entries(flags, record->sqe.opcode) && queue.position != queue.tail)
    queue.position++;
  return 0;
}

static __always_inline void write_unreaped(struct io_uring_cqe *cqe, __u32 is_overflowed) {
  struct record_unreaped *record = next_slot();
  if (!record)
    return;
  fill_header(&record->base, RECORD_UNREAPED, sizeof(*record), queue.ring, 0);
  record->user_data = BPF_CORE_READ(cqe, user_data);
  record->res = BPF_CORE_READ(cqe, res);
  record->cflags = BPF_CORE_READ(cqe, flags);
  record->is_overflowed = is_overflowed;
  record->reserved = 0;
}

/* Lists a CQE that the application has not reaped. With CQE_MIXED (7.2) a 32-byte CQE takes two entries. */
static long unreaped_step(__u32 index, void *unused) {
  struct io_ring_ctx *ring = (void *)queue.ring;
  struct io_rings *rings = (void *)BPF_CORE_READ(ring, rings);
  __u32 flags = BPF_CORE_READ(ring, flags);
  if (queue.position == BPF_CORE_READ(rings, cq.tail))
    return 1;
  __u32 entry = queue.position & (BPF_CORE_READ(ring, cq_entries) - 1);
  __u64 size = flags & IORING_SETUP_CQE32 ? 32 : 16;
  struct io_uring_cqe *cqe = (void *)rings + bpf_core_field_offset(struct io_rings, cqes) + entry * size;
  __u32 cqe_flags = BPF_CORE_READ(cqe, flags);
  queue.position++;
  if (flags & IORING_SETUP_CQE_MIXED) {
    if (cqe_flags & IORING_CQE_F_SKIP)
      return 0;
    if (cqe_flags & IORING_CQE_F_32)
      queue.position++;
  }
  write_unreaped(cqe, 0);
  return 0;
}

/* Lists an overflowed CQE. */
static long overflow_step(__u32 index, void *unused) {
  if (!queue.node || queue.node == queue.end)
    return 1;
  struct io_overflow_cqe *entry = (void *)queue.node;
  write_unreaped((void *)entry + bpf_core_field_offset(struct io_overflow_cqe, cqe), 1);
  queue.node = read_pointer(queue.node);
  return 0;
}

/* Searches the ring's memory for the newest CQE with queue.user_data, backwards from the kernel's tail. */
static long answer_step(__u32 index, void *unused) {
  struct io_ring_ctx *ring = (void *)queue.ring;
  struct io_rings *rings = BPF_CORE_READ(ring, rings);
  if (index >= BPF_CORE_READ(ring, cq_entries) || !queue.position)
    return 1;
  __u32 entry = --queue.position & (BPF_CORE_READ(ring, cq_entries) - 1);
  __u64 size = BPF_CORE_READ(ring, flags) & IORING_SETUP_CQE32 ? 32 : 16;
  struct io_uring_cqe *cqe = (void *)rings + bpf_core_field_offset(struct io_rings, cqes) + entry * size;
  if (BPF_CORE_READ(cqe, user_data) != queue.user_data)
    return 0;
  queue.res = BPF_CORE_READ(cqe, res);
  queue.is_found = 1;
  return 1;
}

/*
 * Writes the SQE that the kernel took last, if other SQEs are left in the queue. The memory of the SQE belongs to the
 * application again, which reuses it when the queue is full. Does nothing with SQ_REWIND, or on rings whose entries
 * differ in size.
 */
__noinline int write_last_taken(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  struct io_rings *rings = BPF_CORE_READ(ring, rings);
  __u32 flags = BPF_CORE_READ(ring, flags), entries = BPF_CORE_READ(ring, sq_entries);
  __u32 head = BPF_CORE_READ(rings, sq.head), tail = BPF_CORE_READ(rings, sq.tail);
  if (flags & (IORING_SETUP_SQ_REWIND | IORING_SETUP_SQE_MIXED | IORING_SETUP_CQE_MIXED) || !head ||
      head == tail || tail - head >= entries)
    return 0;
  struct io_uring_sqe *sqe = sqe_at(ring, head - 1);
  if (!sqe)
    return 0;
  struct record_last_taken *record = next_slot();
  if (!record)
    return 0;
  fill_header(&record->base, RECORD_LAST_TAKEN, sizeof(*record), address, 0);
  bpf_probe_read_kernel(&record->sqe, sizeof(record->sqe), sqe);
  record->base.opcode = record->sqe.opcode;
  record->count = head;
  queue.position = BPF_CORE_READ(rings, cq.tail);
  queue.user_data = record->sqe.user_data;
  queue.res = 0;
  queue.is_found = 0;
  bpf_loop(MAX_LISTED, answer_step, NULL, 0);
  record->res = queue.res;
  record->has_cqe = queue.is_found;
  record->reserved = 0;
  return 0;
}

/*
 * Lists a CQE that the application has reaped. Does nothing with CQE_MIXED (7.2), where the bounds of older CQEs are
 * unknown.
 */
static long reaped_step(__u32 index, void *unused) {
  struct io_ring_ctx *ring = (void *)queue.ring;
  struct io_rings *rings = (void *)BPF_CORE_READ(ring, rings);
  __u32 flags = BPF_CORE_READ(ring, flags), entries = BPF_CORE_READ(ring, cq_entries);
  if (!queue.position || flags & IORING_SETUP_CQE_MIXED)
    return 1;
  queue.position--;
  if (BPF_CORE_READ(ring, cached_cq_tail) - queue.position > entries)
    return 1;
  __u64 size = flags & IORING_SETUP_CQE32 ? 32 : 16;
  struct io_uring_cqe *cqe =
      (void *)rings + bpf_core_field_offset(struct io_rings, cqes) + (queue.position & (entries - 1)) * size;
  struct record_reaped *record = next_slot();
  if (!record)
    return 0;
  fill_header(&record->base, RECORD_REAPED, sizeof(*record), queue.ring, 0);
  record->user_data = BPF_CORE_READ(cqe, user_data);
  record->res = BPF_CORE_READ(cqe, res);
  record->cflags = BPF_CORE_READ(cqe, flags);
  if (index < MAX_REAPED)
    queue.reaped[index] = record->user_data;
  queue.reaped_count = index + 1;
  return 0;
}

/*
 * Writes an SQE that the kernel has taken, if one of the CQEs reaped last has the same user_data. The memory of the SQE
 * belongs to the application again, which reuses it when the queue is full.
 */
static long reaped_sqe_step(__u32 index, void *unused) {
  struct io_ring_ctx *ring = (void *)queue.ring;
  if (index >= queue.steps)
    return 1;
  struct io_uring_sqe *sqe = sqe_at(ring, --queue.position);
  if (!sqe)
    return 0;
  __u64 user_data = BPF_CORE_READ(sqe, user_data);
  bool is_reaped = false;
  for (__u32 i = 0; i < MAX_REAPED; i++)
    is_reaped |= i < queue.reaped_count && queue.reaped[i] == user_data;
  struct record_reaped_sqe *record = is_reaped ? next_slot() : NULL;
  if (!record)
    return 0;
  fill_header(&record->base, RECORD_REAPED_SQE, sizeof(*record), queue.ring, 0);
  bpf_probe_read_kernel(&record->sqe, sizeof(record->sqe), sqe);
  record->base.opcode = record->sqe.opcode;
  return 0;
}

/*
 * Lists the SQEs that belong to the CQEs reaped last, except SQEs whose entries are queued again. Does nothing with
 * SQ_REWIND, or on rings whose entries differ in size.
 */
__noinline int walk_reaped_sqes(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  struct io_rings *rings = BPF_CORE_READ(ring, rings);
  if (BPF_CORE_READ(ring, flags) & (IORING_SETUP_SQ_REWIND | IORING_SETUP_SQE_MIXED | IORING_SETUP_CQE_MIXED))
    return 0;
  __u32 head = BPF_CORE_READ(rings, sq.head), entries = BPF_CORE_READ(ring, sq_entries);
  __u32 pending = BPF_CORE_READ(rings, sq.tail) - head;
  if (pending > entries)
    return 0;
  queue.position = head;
  queue.steps = head < entries - pending ? head : entries - pending;
  bpf_loop(MAX_LISTED, reaped_sqe_step, NULL, 0);
  return 0;
}

__noinline int walk_queues(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  queue.ring = address;
  struct io_rings *rings = BPF_CORE_READ(ring, rings);
  if (!(BPF_CORE_READ(ring, flags) & IORING_SETUP_SQ_REWIND)) {
    queue.position = BPF_CORE_READ(rings, sq.head);
    queue.tail = BPF_CORE_READ(rings, sq.tail);
    if (queue.tail - queue.position <= BPF_CORE_READ(ring, sq_entries))
      bpf_loop(MAX_LISTED, unsubmitted_step, NULL, 0);
    write_last_taken(address);
  }
  queue.position = BPF_CORE_READ(rings, cq.head);
  if (BPF_CORE_READ(rings, cq.tail) - queue.position <= BPF_CORE_READ(ring, cq_entries))
    bpf_loop(MAX_LISTED, unreaped_step, NULL, 0);
  queue.position = BPF_CORE_READ(rings, cq.head);
  queue.reaped_count = 0;
  if (BPF_CORE_READ(rings, cq.tail) - queue.position <= BPF_CORE_READ(ring, cq_entries))
    bpf_loop(MAX_REAPED, reaped_step, NULL, 0);
  if (queue.reaped_count)
    walk_reaped_sqes(address);
  queue.end = address_of(ring, struct io_ring_ctx, cq_overflow_list);
  queue.node = read_pointer(queue.end);
  bpf_loop(MAX_LISTED, overflow_step, NULL, 0);
  return 0;
}
