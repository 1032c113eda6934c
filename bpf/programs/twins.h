/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Second programs for the tracepoints that must not be missed.
 *
 * A CPU does not run a program while it is running it. Up to 6.18 nothing but an interrupt can come in
 * between: tracepoints are called with preemption off. 7.x kernels call them with preemption on
 * (tracepoint_srcu): a thread that is preempted within the program makes all others on that CPU miss it.
 * There, a second program follows the first, and does what is to be done if the first has not run.
 */
#pragma once
#include "config.h"
#include "kernel_types.h"
#include "probe.h"

#define HANDLED_BITS 12
/* By task: the first program has run for the event under way. */
__u64 handled[1 << HANDLED_BITS] = {};

static __always_inline __u64 *handled_by(__u64 task) {
  return &handled[PROBE_HASH(task, HANDLED_BITS) & ((1 << HANDLED_BITS) - 1)];
}

static __always_inline void note_handled(void) {
  if (!config.has_twins)
    return;
  __u64 task = bpf_get_current_task();
  *handled_by(task) = task;
}

/* Asked once by the second program. */
static __always_inline bool was_handled(void) {
  __u64 task = bpf_get_current_task();
  __u64 *place = handled_by(task);
  if (*place != task)
    return false;
  *place = 0;
  return true;
}
