/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The user stack of the thread that submits a request, recorded with `--stacks`. */
#pragma once
#include "common/output.h"
#include "common/user_stacks.h"
#include "kernel/rings.h"

/* Records the stack. Called after the submission's record. The SQPOLL thread has no user stack. */
static __always_inline void note_stack(void *context, struct io_kiocb *req) {
  long id = user_stack_id(context);
  if (id < 0)
    return;
  struct record_submit_stack *record =
      RESERVE(record_submit_stack, RECORD_SUBMIT_STACK, ring_of(req), req, req->opcode);
  if (!record)
    return;
  record->tgid = current_tgid();
  record->stack = id;
  submit_record(record);
}
