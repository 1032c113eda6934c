/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Registered buffers that requests still hold although the ring's buffer table no longer contains them. */
#pragma once
#include "common/registered_buffer.h"
#include "inventory/request_copy.h"

static __always_inline void *buffer_of_copy(void) {
  __u8 opcode = COPIED(struct io_kiocb, opcode);
  return opcode == OP_READ_FIXED || opcode == OP_WRITE_FIXED ? COPIED(struct io_kiocb___imu, imu) : NULL;
}

static __always_inline void report_held_buffer(__u64 ring, __u64 req) {
  void *node = NULL, *buffer;
  __u32 index = COPIED(struct io_kiocb, buf_index);
  if (requests_have_nodes()) {
    if (!(flags_of_copy() & config.req_f_buf_node))
      return;
    node = COPIED(struct io_kiocb, buf_node);
    if (!node || node_in_slot((void *)ring, index) == node)
      return;
    buffer = BPF_CORE_READ((struct io_rsrc_node *)node, buf);
  } else {
    buffer = buffer_of_copy();
    if (buffer_in_slot((void *)ring, index) == buffer)
      return;
  }
  struct record_held_buffer *record = buffer ? next_slot() : NULL;
  if (!record)
    return;
  fill_header(&record->base, RECORD_HELD_BUFFER, sizeof(*record), ring, req);
  record->base.opcode = COPIED(struct io_kiocb, opcode);
  describe_buffer(&record->buffer, buffer, node);
  record->buffer.index = index;
}
