/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The stack that submits a request (option). The kernel follows frame pointers: in code compiled without
 * them the stack ends early or has wrong frames.
 */
#pragma once
#include "common/config.h"
#include "common/output.h"
#include "kernel/rings.h"

/* Stacks by id; equal stacks share one. User space sets the size before the load if the option is on. */
struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, PROBE_USER_STACK_DEPTH * sizeof(__u64));
} user_stacks SEC(".maps");

/* Called after the submission's record. The SQPOLL thread has no user stack. */
static __always_inline void note_stack(void *context, struct io_kiocb *req) {
  if (!config.takes_stacks)
    return;
  long id = bpf_get_stackid(context, &user_stacks, BPF_F_USER_STACK);
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
