/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Second programs (twins) for the tracepoints whose events must not be missed.
 *
 * A CPU does not run a program that is already running on it. Up to 6.18, programs on tracepoints run with preemption
 * off, so only an interrupt can intervene. 7.x kernels run them with preemption on (tracepoint_srcu): while a thread is
 * preempted within the program, all other threads on that CPU miss their events. On these kernels a second program
 * runs after the first, and handles the event if the first program did not run.
 */
#pragma once
#include "common/config.h"
#include "kernel/tasks.h"

#define HANDLED_BITS 12
/* Tasks, by hash, whose current event the first program has handled. */
__u64 handled[1 << HANDLED_BITS] = {};

/* Events that a second program handled because the first did not run. */
volatile __u64 handled_by_second SEC(".data.twins") = 0;

static __always_inline __u64 *handled_by(__u64 task) {
  return &handled[PROBE_HASH(task, HANDLED_BITS) & ((1 << HANDLED_BITS) - 1)];
}

static __always_inline void note_handled(void) {
  if (!config.has_twins)
    return;
  __u64 task = bpf_get_current_task();
  *handled_by(task) = task;
}

/*
 * True if the first program handled the event. Clears the task's entry in `handled`, so the second program must call
 * this only once per event.
 */
static __always_inline bool was_handled(void) {
  __u64 task = bpf_get_current_task();
  __u64 *mark = handled_by(task);
  if (*mark != task) {
    __sync_fetch_and_add(&handled_by_second, 1);
    return false;
  }
  *mark = 0;
  return true;
}
