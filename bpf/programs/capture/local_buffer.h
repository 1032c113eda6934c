/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Local buffers, a patch series: IORING_OP_LOCAL_BUF sets up a buffer for the requests that follow in the same
 * submission. Detected by a field and by the opcode's name, because other kernels use the opcode's number differently.
 */
#pragma once
#include "common/buffers.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_submit_state___local {
  struct io_rsrc_node *rsrc_node;
};

#pragma clang attribute pop

/* Returns the node of the current submission's local buffer, NULL if the submission has none. */
static __always_inline struct io_rsrc_node *local_node(struct io_kiocb *req) {
  if (!bpf_core_field_exists(struct io_submit_state___local, rsrc_node) ||
      !bpf_core_enum_value_exists(enum io_uring_op, IORING_OP_LOCAL_BUF))
    return NULL;
  struct io_submit_state___local *state = (void *)&ring_of(req)->submit_state;
  return BPF_CORE_READ(state, rsrc_node);
}

/*
 * Returns the request's role. A request that uses the local buffer gets the buffer's node in preparation, whichever
 * slot of the buffer table its SQE names.
 */
static __always_inline __u16 local_role(struct io_kiocb *req, struct io_rsrc_node *node) {
  if (!node)
    return 0;
  if (req->opcode == bpf_core_enum_value(enum io_uring_op, IORING_OP_LOCAL_BUF))
    return RECORD_ROLE_LENDS_LOCAL;
  return (req->flags & config.req_f_buf_node) && req->buf_node == node ? RECORD_ROLE_USES_LOCAL : 0;
}

static __always_inline void note_local_buffer(struct io_kiocb *req, struct io_rsrc_node *node, __u16 role) {
  if (!role || !node)
    return;
  void *buffer = BPF_CORE_READ(node, buf);
  if (!buffer)
    return;
  note_symbol((__u64)BPF_CORE_READ((struct io_mapped_ubuf *)buffer, release));
  struct record_local_buffer *record =
      RESERVE(record_local_buffer, RECORD_LOCAL_BUFFER, ring_of(req), req, req->opcode);
  if (!record)
    return;
  describe_buffer(&record->buffer, buffer, node);
  record->buffer.index = ~0U;
  record->role = role;
  record->reserved = 0;
  submit_record(record);
}
