/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The record of a CQE. */
#pragma once
#include "capture/buffer_use.h"
#include "capture/fuse_command.h"
#include "capture/sqe_group.h"
#include "capture/ublk_command.h"
#include "common/ring_filter.h"
#include "common/tally.h"

/* Returns the opcode of a request that the tracepoint passes as an untyped pointer, which may be NULL. */
static __always_inline __u8 opcode_of(void *req) {
  if (!req)
    return RECORD_OPCODE_NONE;
  return LOAD(req, struct io_kiocb, opcode);
}

/* Records the buffers of a request that completes. */
static __always_inline void note_buffers(void *ring, void *req, __u8 opcode) {
  note_buffer(req, opcode);
  if (opcode == OP_URING_CMD && req) {
    note_command((__u64)req, opcode);
    note_fuse_request((__u64)req, opcode);
  }
  note_group(ring, req, opcode);
}

/*
 * True if the opcode filter lets a CQE pass. Auxiliary CQEs have no request, and a notification's opcode is NOP, so the
 * opcode filter does not apply to them.
 */
static __always_inline bool completion_passes(void *req, __u8 opcode, __u32 cflags) {
  return !req || (cflags & IORING_CQE_F_NOTIF) || opcode_passes(opcode);
}

/*
 * True if a CQE gets a record. A CQE of a notification, or without a request, cannot be assigned to a request of the
 * sample, so all such CQEs are recorded.
 */
static __always_inline bool completion_is_sampled(void *req, __u64 user_data, __u32 cflags) {
  return !config.samples || !req || (cflags & IORING_CQE_F_NOTIF) || is_sampled((__u64)req, user_data);
}

/*
 * Reserves the record of a CQE and fills its header. If the submission has no record, the record is longer and contains
 * the time of submission. If there is no record for the CQE, counts the CQE and returns NULL.
 */
static __always_inline struct record_complete *reserve_complete(
    struct probe_lane **lane, void *ring, void *req, __u8 opcode, __u64 user_data, __s32 res, __u32 cflags) {
  if (completion_is_sampled(req, user_data, cflags)) {
    struct probe_start *start = unseen_start((__u64)req);
    if (start) {
      struct record_complete_unseen *record =
          RESERVE_IN(*lane, record_complete_unseen, RECORD_COMPLETE, ring, req, opcode);
      if (record) {
        record->submitted_ns = start->time_ns & ~PROBE_START_UNSEEN;
        start->req = 0;
        return &record->complete;
      }
    } else {
      struct record_complete *record = RESERVE_IN(*lane, record_complete, RECORD_COMPLETE, ring, req, opcode);
      if (record)
        return record;
    }
  }
  tally_complete(number_of((__u64)ring), (__u64)req, opcode, res, cflags);
  return NULL;
}

/* Records a CQE. For the prototype of io_uring_complete that passes a pointer to the CQE (6.17 and later). */
static __always_inline int emit_complete(struct io_ring_ctx *ring, void *req, struct io_uring_cqe *cqe) {
  /* first, because the other tests rarely exclude an event */
  if (!ring_passes((__u64)ring))
    return 0;
  __u8 opcode = opcode_of(req);
  __u32 cflags = cqe->flags;
  if (!completion_passes(req, opcode, cflags))
    return 0;
  if (completion_is_sampled(req, cqe->user_data, cflags))
    note_buffers(ring, req, opcode);
  struct probe_lane *lane;
  struct record_complete *record =
      reserve_complete(&lane, ring, req, opcode, cqe->user_data, cqe->res, cflags);
  if (!record)
    return 0;
  record->base.tid = current_tid();
  record->user_data = cqe->user_data;
  record->res = cqe->res;
  record->cflags = cflags;
  record->extra1 = 0;
  record->extra2 = 0;
  if ((ring->flags & IORING_SETUP_CQE32) || (cflags & IORING_CQE_F_32))
    bpf_probe_read_kernel(&record->extra1, 16, (void *)cqe + 16);
  submit_in(lane, &record->base);
  return 0;
}
