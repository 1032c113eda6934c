/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The application's SQE at the moment of submission. It was fetched in the same call, and the SQ's head
 * is published only after the batch, so it is still in the ring, on every kernel (6.1 to 7.3).
 */
#pragma once
#include "kernel_types.h"
#include "record.h"

/* Reads the SQE of a request that is being submitted. False if it is not there any more. */
static __always_inline bool read_sqe(struct io_kiocb *req, struct record_sqe *sqe) {
  struct io_ring_ctx *ctx = req->ctx;
  __u32 flags = ctx->flags;
  __u32 back = 1;
  /* 7.2 and later: a 128-byte SQE in a mixed ring takes two entries, and the head is past both. Only
   * the opcodes that were added for it (NOP128, URING_CMD128) are that long. */
  if ((flags & IORING_SETUP_SQE_MIXED) && !(flags & IORING_SETUP_SQE128) &&
      bpf_core_enum_value_exists(enum io_uring_op, IORING_OP_NOP128) &&
      (req->opcode == bpf_core_enum_value(enum io_uring_op, IORING_OP_NOP128) ||
       req->opcode == bpf_core_enum_value(enum io_uring_op, IORING_OP_URING_CMD128)))
    back = 2;
  __u32 index = (ctx->cached_sq_head - back) & (ctx->sq_entries - 1);
  if (!(flags & IORING_SETUP_NO_SQARRAY))
    bpf_probe_read_kernel(&index, sizeof(index), ctx->sq_array + index);
  __u64 size = flags & IORING_SETUP_SQE128 ? 128 : 64;
  bpf_probe_read_kernel(sqe, sizeof(*sqe), ctx->sq_sqes + index * size);
  /* The memory belongs to the application: believe it only where the kernel's copy agrees. */
  return sqe->user_data == req->cqe.user_data && sqe->opcode == req->opcode;
}
