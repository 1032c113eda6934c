/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The record of a request's submission. */
#pragma once
#include "capture/local_buffer.h"
#include "capture/provided_twice.h"
#include "capture/request_file.h"
#include "capture/sqe.h"
#include "capture/sqe_group.h"
#include "capture/user_stack.h"
#include "common/ring_filter.h"
#include "common/tally.h"
#include "kernel/commands.h"

static __always_inline int tally_of_submission(struct io_kiocb *req) {
  return tally_submit(number_of((__u64)ring_of(req)), number_of((__u64)req), req->opcode, req->flags);
}

static __always_inline int emit_submit(void *context, struct io_kiocb *req) {
  struct io_ring_ctx *ring = ring_of(req);
  __u8 opcode = req->opcode;
  if (!request_passes((__u64)ring, opcode))
    return 0;
  if (!request_is_sampled(req))
    return tally_of_submission(req);
  struct probe_lane *lane;
  struct record_submit *record = RESERVE_IN(lane, record_submit, RECORD_SUBMIT, ring, req, opcode);
  if (!record)
    return tally_of_submission(req);
  record->flags = req->flags;
  if (pool.is_scarce)
    note_start((__u64)req, record->base.time_ns, true);
  record->notif = 0;
  if (opcode == OP_SEND_ZC || opcode == OP_SENDMSG_ZC) {
    /* preparation has already allocated the notification's io_kiocb */
    struct io_sr_msg *message = (void *)&req->cmd;
    record->notif = (__u64)BPF_CORE_READ(message, notif);
  }
  __u64 ids = current_ids();
  record->base.tid = ids;
  record->tgid = ids >> 32;
  record->sq_thread = !!(ring->flags & IORING_SETUP_SQPOLL);
  record->sqe_is_known = read_sqe(req, &record->sqe);
  struct io_rsrc_node *local = local_node(req);
  __u16 role = local_role(req, local);
  record->group_role = role ? role : group_role(req);
  if (!record->sqe_is_known) {
    __builtin_memset(&record->sqe, 0, sizeof(record->sqe));
    record->sqe.opcode = opcode;
    record->sqe.flags = record->flags; /* the low byte is IOSQE_* */
    record->sqe.user_data = req->cqe.user_data;
  }
  bool is_fixed = has_registered_file(req);
  __u32 bgid = record->sqe.buf_index;
  bool selects = record->sqe.flags & IOSQE_BUFFER_SELECT_BIT;
  submit_in(lane, &record->base);
  if (is_fixed)
    note_submitted_file(ring, req, opcode);
  note_local_buffer(req, local, role);
  if (selects)
    look_for_twice(number_of((__u64)ring), number_of((__u64)req), opcode, bgid);
  note_stack(context, req);
  return 0;
}
