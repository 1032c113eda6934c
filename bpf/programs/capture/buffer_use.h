/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The registered buffer that a request used. It is recorded just before the request's completion: the request still
 * holds its reference to the buffer, so all pointers are valid.
 */
#pragma once
#include "common/block_request.h"
#include "common/buffers.h"

static __always_inline void emit_block_request(
    struct io_ring_ctx *ring, void *req, __u8 opcode, void *request) {
  struct record_block_request *record =
      RESERVE(record_block_request, RECORD_BLOCK_REQUEST, ring, req, opcode);
  if (!record)
    return;
  if (describe_block(&record->block, request))
    submit_record(record);
  else
    discard_record(record);
}

CHECKED_ONCE int emit_buffer_use(__u64 request, __u32 opcode, __u64 buffer_number, __u64 node_number) {
  void *req = (void *)request, *buffer = (void *)buffer_number;
  void *node = requests_have_nodes() ? (void *)node_number : NULL;
  struct io_ring_ctx *ring = BPF_CORE_READ((struct io_kiocb *)req, ctx);
  if (!buffer)
    return 0;
  if (buffers_have_release()) {
    /* a kernel buffer has no address */
    void *priv = LOAD(buffer, struct io_mapped_ubuf, priv);
    if (priv && !LOAD(buffer, struct io_mapped_ubuf, ubuf))
      emit_block_request(ring, req, opcode, priv);
    note_symbol((__u64)LOAD(buffer, struct io_mapped_ubuf, release));
  }
  struct record_buffer_use *record = RESERVE(record_buffer_use, RECORD_BUFFER_USE, ring, req, opcode);
  if (!record)
    return 0;
  describe_buffer(&record->buffer, buffer, node);
  __u32 index = LOAD(req, struct io_kiocb, buf_index);
  record->buffer.index = index;
  if (requests_have_nodes())
    record->buffer.in_table = node_in_slot(ring, index) == node;
  else
    record->buffer.in_table = buffer_in_slot(ring, index) == buffer;
  submit_record(record);
  return 0;
}

/*
 * Returns the buffer of a request, for kernels whose requests have no nodes; NULL if it has none. The opcode decides
 * whether `imu` is a buffer.
 */
static __always_inline void *old_buffer(struct io_kiocb *req, __u8 opcode) {
  if (opcode == OP_URING_CMD) {
    struct io_uring_cmd *command = (void *)&req->cmd;
    if (!(BPF_CORE_READ(command, flags) & IORING_URING_CMD_FIXED))
      return NULL;
  } else if (opcode == OP_SEND_ZC) {
    struct io_sr_msg *message = (void *)&req->cmd;
    if (!(BPF_CORE_READ(message, flags) & IORING_RECVSEND_FIXED_BUF))
      return NULL;
  } else if (opcode != OP_READ_FIXED && opcode != OP_WRITE_FIXED) {
    return NULL;
  }
  return BPF_CORE_READ((struct io_kiocb___imu *)req, imu);
}

/* Records the buffer of a request that completes. A request without a buffer costs one test. */
static __always_inline void note_buffer(void *req, __u8 opcode) {
  if (!req)
    return;
  if (!requests_have_nodes()) {
    void *buffer = old_buffer(req, opcode);
    if (buffer)
      emit_buffer_use((__u64)req, opcode, (__u64)buffer, 0);
    return;
  }
  /* kernels whose requests have nodes have bpf_rdonly_cast */
  struct io_kiocb *request = rdonly_cast(req, struct io_kiocb);
  if (request->flags & config.req_f_buf_node) {
    void *node = request->buf_node;
    void *buffer = LOAD(node, struct io_rsrc_node, buf);
    emit_buffer_use((__u64)req, opcode, number_of((__u64)buffer), number_of((__u64)node));
  }
}
