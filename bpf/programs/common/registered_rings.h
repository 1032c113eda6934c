/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Rings in a thread's table of registered rings. A ring created with IORING_SETUP_REGISTERED_FD_ONLY has no descriptor
 * and is only in this table.
 */
#pragma once
#include "kernel/tasks.h"

/*
 * Calls `visit` for each entry of the table. `seq` and `task` are read before the loop: inside the loop the compiler
 * would compute an address in the context, which the verifier refuses.
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
