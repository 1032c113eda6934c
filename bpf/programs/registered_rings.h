/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Rings in a thread's own table: with IORING_SETUP_REGISTERED_FD_ONLY they have no descriptor. */
#pragma once
#include "kernel_types.h"

/*
 * Hands over each file there. All is inlined; and what `visit` needs of the context is read before the
 * loop, in which the compiler would make an address of its own in it, that the verifier refuses.
 */
static __always_inline void for_each_registered(
    struct bpf_iter__task *ctx,
    void (*visit)(struct seq_file *seq, struct task_struct *task, struct file *file)) {
  struct seq_file *seq = ctx->meta->seq;
  struct task_struct *task = ctx->task;
  if (!task)
    return;
  struct io_uring_task *tctx = task->io_uring;
  if (!tctx)
    return;
#pragma unroll
  for (int i = 0; i < 16; i++)
    visit(seq, task, tctx->registered_rings[i]);
}
