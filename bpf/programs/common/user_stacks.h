/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * User stacks by id; equal stacks share an id. With `--stacks`, user space sets the map's size before the load. The
 * kernel follows frame pointers: in code compiled without them the stack ends early or has wrong frames.
 */
#pragma once
#include "common/config.h"
#include "kernel/base.h"

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, PROBE_USER_STACK_DEPTH * sizeof(__u64));
} user_stacks SEC(".maps");

/* Returns the id of the current task's stack; negative without `--stacks`, or if the stack cannot be taken. */
static __always_inline long user_stack_id(void *context) {
  return config.takes_stacks ? bpf_get_stackid(context, &user_stacks, BPF_F_USER_STACK) : -1;
}
