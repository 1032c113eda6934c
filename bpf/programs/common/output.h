/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records go through one ring buffer and nobody is woken: the reader comes by every few milliseconds.
 * Records that find it full are counted by kind.
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
  __uint(max_entries, 64); /* enum record_kind */
  __type(key, __u32);
  __type(value, __u64);
} losses SEC(".maps");

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
  bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}
