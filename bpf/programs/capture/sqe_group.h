/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * SQE groups, a patch series. Patched kernels are detected by the fields that the series adds, because mainline now
 * uses the numbers of the series differently.
 */
#pragma once
#include "common/buffers.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_uring_kernel_buf {
  __u64 len;
  unsigned short nr_bvecs;
  __u8 dir;
  unsigned int offset;
  void *grp_kbuf_ack;
};

struct io_kiocb___group {
  struct io_kiocb *grp_leader;
  struct io_uring_kernel_buf *grp_kbuf;
};

struct io_sq_group {
  struct io_kiocb *head;
};

struct io_submit_state___group {
  struct io_sq_group group;
};

#pragma clang attribute pop

/* Records the buffer that the leader of this request's group lends. A member runs after its leader. */
static __always_inline void note_group(struct io_ring_ctx *ring, void *pointer, __u8 opcode) {
  if (!bpf_core_field_exists(struct io_kiocb___group, grp_kbuf) || !pointer)
    return;
  struct io_kiocb *req = pointer;
  __u64 flags = BPF_CORE_READ(req, flags);
  struct io_kiocb___group *leader = pointer;
  if (!(flags & config.req_f_sqe_group_leader)) {
    if (!(flags & config.req_f_sqe_group))
      return;
    leader = (void *)BPF_CORE_READ(leader, grp_leader);
  }
  /* without this flag, the union of grp_kbuf contains another member */
  if (!(BPF_CORE_READ((struct io_kiocb *)leader, flags) & config.req_f_group_kbuf))
    return;
  struct io_uring_kernel_buf *buffer = BPF_CORE_READ(leader, grp_kbuf);
  note_symbol((__u64)BPF_CORE_READ(buffer, grp_kbuf_ack));
  struct record_group_buffer *record = RESERVE(record_group_buffer, RECORD_GROUP_BUFFER, ring, req, opcode);
  if (!record)
    return;
  record->leader = (__u64)leader;
  record->acknowledge = (__u64)BPF_CORE_READ(buffer, grp_kbuf_ack);
  record->length = BPF_CORE_READ(buffer, len);
  record->offset = BPF_CORE_READ(buffer, offset);
  record->segments = BPF_CORE_READ(buffer, nr_bvecs);
  record->direction = BPF_CORE_READ(buffer, dir);
  submit_record(record);
}

/*
 * Returns the request's role. While a group is open, every request is a member. Otherwise a request with
 * IOSQE_SQE_GROUP leads a new group.
 */
static __always_inline __u16 group_role(struct io_kiocb *req) {
  if (!bpf_core_field_exists(struct io_submit_state___group, group))
    return 0;
  struct io_submit_state___group *state = (void *)&ring_of(req)->submit_state;
  if (BPF_CORE_READ(state, group.head))
    return RECORD_ROLE_MEMBER;
  return req->flags & config.req_f_sqe_group ? RECORD_ROLE_LEADS : 0;
}
