/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * From where a request is submitted, if that is asked for. The kernel follows frame pointers: through code
 * compiled without them it gets lost, and the stack ends early or has frames that are none.
 */
#pragma once
#include "config.h"
#include "output.h"

/* Stacks by number; of one that is there only the number is told. User space makes it large if it is used. */
struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, PROBE_USER_STACK_DEPTH * sizeof(__u64));
} user_stacks SEC(".maps");

/* After the submission's record. The SQPOLL thread has no user stack. */
static __always_inline void note_stack(void *context, struct io_kiocb *req) {
  if (!config.takes_stacks)
    return;
  long number = bpf_get_stackid(context, &user_stacks, BPF_F_USER_STACK);
  if (number < 0)
    return;
  struct record_submit_stack *record =
      RESERVE(record_submit_stack, RECORD_SUBMIT_STACK, req->ctx, req, req->opcode);
  if (!record)
    return;
  record->tgid = current_tgid();
  record->stack = number;
  submit_record(record);
}
