/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The application's SQE at the time of submission. The kernel fetched the SQE in the same call and publishes the SQ
 * head only after the batch, so the SQE is still in the ring (6.1 to 7.3).
 */
#pragma once
#include "kernel/versions.h"

/*
 * Loads an SQE word by word, about 20 ns faster than a copy by a helper call. It loads words rather than fields,
 * because each load of memory that the verifier does not trust costs a check of its address.
 */
static __always_inline void load_sqe(struct record_sqe *to, const void *address) {
  _Static_assert(sizeof(*to) == sizeof(struct words), "an SQE has 64 bytes");
  struct words *from = rdonly_cast(address, struct words);
#pragma unroll
  for (int i = 0; i < 8; i++)
    ((__u64 *)to)[i] = from->words[i];
}

static __always_inline __u32 load_index(const __u32 *address) {
  if (config.can_cast)
    return rdonly_cast(address, struct io_uring)->head;
  __u32 index = 0;
  bpf_probe_read_kernel(&index, sizeof(index), address);
  return index;
}

/* Reads the SQE of a request that is being submitted. False if the application has overwritten it. */
static __always_inline bool read_sqe(struct io_kiocb *req, struct record_sqe *sqe) {
  struct io_ring_ctx *ctx = ring_of(req);
  __u32 flags = ctx->flags;
  __u32 back = 1;
  /* cached_sq_head is past both entries of a 128-byte SQE */
  if (takes_two_entries(flags, req->opcode))
    back = 2;
  __u32 index = (ctx->cached_sq_head - back) & (ctx->sq_entries - 1);
  if (!(flags & IORING_SETUP_NO_SQARRAY))
    index = load_index(ctx->sq_array + index);
  __u64 size = flags & IORING_SETUP_SQE128 ? 128 : 64;
  const void *address = (void *)ctx->sq_sqes + index * size;
  if (config.can_cast)
    load_sqe(sqe, address);
  else
    bpf_probe_read_kernel(sqe, sizeof(*sqe), address);
  /* the application can write this memory: trust the SQE only if it agrees with the kernel's copy */
  return sqe->user_data == req->cqe.user_data && sqe->opcode == req->opcode;
}
