/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records are sent through one ring buffer. While the reader is awake, it reads every few milliseconds and needs
 * no wake-up. Before a longer sleep it sets the position at which it must be woken: the next record, or the point
 * at which part of the buffer is full. Records that find the buffer full are counted by kind.
 */
#pragma once
#include "common/pids.h"
#include "kernel/base.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 16 << 20); /* user space sets another size before the load */
} records SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 128); /* enum record_kind */
  __type(key, __u32);
  __type(value, __u64);
} losses SEC(".maps");

/* The producer's position at which the reader must be woken; 0 while it is awake. */
volatile __u64 wake_position SEC(".data.reader") = 0;

static __always_inline void *reserve_record(
    enum record_kind kind, __u64 size, __u64 ctx, __u64 req, __u8 opcode) {
  struct record *record = bpf_ringbuf_reserve(&records, size, 0);
  if (!record) {
    __u32 key = kind;
    __u64 *lost = bpf_map_lookup_elem(&losses, &key);
    if (lost)
      *lost += 1;
    return NULL;
  }
  record->time_ns = bpf_ktime_get_ns();
  record->ctx = ctx;
  record->req = req;
  record->tid = current_tid();
  record->size = size;
  record->kind = kind;
  record->opcode = opcode;
  return record;
}

/* A record of the given struct type, its header filled in, or NULL when the ring buffer is full. */
#define RESERVE(type, kind, ctx, req, opcode) \
  ((struct type *)reserve_record(kind, sizeof(struct type), (__u64)(ctx), (__u64)(req), opcode))

static __always_inline void submit_record(void *record) {
  __u64 flags = BPF_RB_NO_WAKEUP, position = wake_position;
  if (position && bpf_ringbuf_query(&records, BPF_RB_PROD_POS) >= position &&
      __sync_val_compare_and_swap(&wake_position, position, 0) == position)
    flags = BPF_RB_FORCE_WAKEUP; /* only the CPU that reset the position: one wake-up per sleep */
  bpf_ringbuf_submit(record, flags);
}
