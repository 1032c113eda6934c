/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writes records to the transport. Records for which the transport has no room are counted by kind. */
#pragma once
#include "common/pids.h"
#include "common/transport.h"
#include "kernel/base.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 128); /* enum record_kind */
  __type(key, __u32);
  __type(value, __u64);
} losses SEC(".maps");

static __always_inline void count_loss(enum record_kind kind) {
  __u32 key = kind;
  __u64 *lost = bpf_map_lookup_elem(&losses, &key);
  if (lost)
    *lost += 1;
}

/*
 * Reserves a record and fills its header, except `tid`. NULL if there is no room. Stores the lane in `used`, for
 * submit_in. If `used` is NULL, `tid` holds the lane's number until submit_record sets the thread.
 */
static __always_inline void *reserve_record(
    enum record_kind kind, __u64 size, __u64 ctx, __u64 req, __u8 opcode, struct probe_lane **used) {
  __u32 lane_number;
  struct record *record = claim_place(size, &lane_number);
  if (!record) {
    count_loss(kind);
    return NULL;
  }
  record->time_ns = bpf_ktime_get_ns();
  record->ctx = ctx;
  record->req = req;
  record->size = size;
  record->kind = kind;
  record->opcode = opcode;
  if (used)
    *used = &lanes[lane_number & (PROBE_MAX_LANES - 1)];
  else
    record->tid = lane_number;
  return record;
}

/* Reserves a record of the given struct type and fills its header. NULL if there is no room. */
#define RESERVE(type, kind, ctx, req, opcode) \
  ((struct type *)reserve_record(kind, sizeof(struct type), (__u64)(ctx), (__u64)(req), opcode, NULL))

/* RESERVE for the programs that run most often: they set `tid` themselves and call submit_in. */
#define RESERVE_IN(lane, type, kind, ctx, req, opcode) \
  ((struct type *)reserve_record(kind, sizeof(struct type), (__u64)(ctx), (__u64)(req), opcode, &(lane)))

/*
 * Hands the record over to the reader and leaves its lane. A program must submit or discard a record before it reserves
 * the next.
 */
static __always_inline void submit_in(struct probe_lane *lane, struct record *record) {
  leave_place(lane, record->size);
}

static __always_inline struct probe_lane *lane_of(struct record *record) {
  return &lanes[record->tid & (PROBE_MAX_LANES - 1)];
}

static __always_inline void submit_record(void *pointer) {
  struct record *record = pointer;
  struct probe_lane *lane = lane_of(record);
  record->tid = current_tid();
  submit_in(lane, record);
}

static __always_inline void discard_record(void *pointer) {
  leave_place(lane_of(pointer), 0);
}
