/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which registered buffer a request used, told just before its completion: then the request still holds
 * its reference, so all pointers are valid.
 */
#pragma once
#include "block_request.h"
#include "buffers.h"
#include "config.h"
#include "kernel_types.h"
#include "output.h"

static __always_inline void emit_block_request(
    struct io_ring_ctx *ring, void *req, __u8 opcode, void *request) {
  struct record_block_request *record =
      RESERVE(record_block_request, RECORD_BLOCK_REQUEST, ring, req, opcode);
  if (!record)
    return;
  if (describe_block(&record->block, request))
    submit_record(record);
  else
    bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
}

static __noinline void emit_buffer_use(
    struct io_ring_ctx *ring, void *req, __u8 opcode, void *buffer, void *node) {
  if (!buffer)
    return;
  if (bpf_core_field_exists(struct io_mapped_ubuf, release)) {
    /* a kernel buffer has no address */
    void *priv = LOAD(buffer, struct io_mapped_ubuf, priv);
    if (priv && !LOAD(buffer, struct io_mapped_ubuf, ubuf))
      emit_block_request(ring, req, opcode, priv);
    note_symbol((__u64)LOAD(buffer, struct io_mapped_ubuf, release));
  }
  struct record_buffer_use *record =
      RESERVE(record_buffer_use, RECORD_BUFFER_USE, ring, req, opcode);
  if (!record)
    return;
  describe_buffer(&record->buffer, buffer, node);
  __u32 index = LOAD(req, struct io_kiocb, buf_index);
  record->buffer.index = index;
  if (has_nodes())
    record->buffer.in_table = node_in_slot(ring, index) == node;
  else
    record->buffer.in_table = buffer_in_slot(ring, index) == buffer;
  submit_record(record);
}

/* Up to 6.12: which requests have a buffer is a matter of the opcode. */
static __always_inline void *old_buffer(struct io_kiocb *req, __u8 opcode) {
  if (opcode == IORING_OP_URING_CMD) {
    struct io_uring_cmd *command = (void *)&req->cmd;
    if (!(BPF_CORE_READ(command, flags) & IORING_URING_CMD_FIXED))
      return NULL;
  } else if (opcode == IORING_OP_SEND_ZC) {
    struct io_sr_msg *message = (void *)&req->cmd;
    if (!(BPF_CORE_READ(message, flags) & IORING_RECVSEND_FIXED_BUF))
      return NULL;
  } else if (opcode != IORING_OP_READ_FIXED && opcode != IORING_OP_WRITE_FIXED) {
    return NULL;
  }
  return BPF_CORE_READ((struct io_kiocb___imu *)req, imu);
}

/* The buffer of a request that completes: one test for those without. */
static __always_inline void note_buffer(struct io_ring_ctx *ring, void *req, __u8 opcode) {
  if (!req)
    return;
  if (!has_nodes()) {
    void *buffer = old_buffer(req, opcode);
    if (buffer)
      emit_buffer_use(ring, req, opcode, buffer, NULL);
    return;
  }
  /* later kernels all have bpf_rdonly_cast */
  struct io_kiocb *request = rdonly_cast(req, struct io_kiocb);
  if (request->flags & config.req_f_buf_node) {
    void *node = request->buf_node;
    emit_buffer_use(ring, req, opcode, LOAD(node, struct io_rsrc_node, buf), node);
  }
}
