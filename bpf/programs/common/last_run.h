/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The time when a sleeping task ran last. The task has waited since then, and its requests are older than that.
 *
 * The scheduler stores the time at which a task got its processor (sched_info.last_arrival) and for how long it has run
 * since (kernel/sched/stats.h, fair.c; 6.1 to 7.3), both by the scheduler's clock. The task that runs this program is
 * running now, so its own values give the offset to CLOCK_MONOTONIC. These values lag by at most a tick, so the time
 * that ran_until returns is never too early.
 */
#pragma once
#include "kernel/tasks.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sched_info {
  unsigned long long last_arrival;
};

struct sched_entity {
  __u64 sum_exec_runtime;
  __u64 prev_sum_exec_runtime;
};

struct task_struct___scheduled {
  unsigned int __state;
  unsigned int policy;
  struct sched_info sched_info;
  struct sched_entity se;
};

#pragma clang attribute pop

#define TASK_RUNNING 0
#define SCHED_FIFO 1
#define SCHED_RR 2

static __always_inline bool is_real_time(struct task_struct___scheduled *task) {
  __u32 policy = BPF_CORE_READ(task, policy);
  return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* Returns the time until which the task ran, by the scheduler's clock; 0 if unknown, as for real-time tasks. */
static __always_inline __u64 scheduled_until(struct task_struct___scheduled *task) {
  if (is_real_time(task) || !bpf_core_field_exists(struct task_struct___scheduled, sched_info.last_arrival))
    return 0;
  __u64 arrival = BPF_CORE_READ(task, sched_info.last_arrival);
  return arrival ? arrival + BPF_CORE_READ(task, se.sum_exec_runtime) -
                       BPF_CORE_READ(task, se.prev_sum_exec_runtime)
                 : 0;
}

/*
 * Returns the present time of the scheduler's clock. If the task that runs this program is a real-time task, returns
 * the time when that task got its processor. This time is too early, so the time that ran_until derives is too late.
 */
static __always_inline __u64 scheduler_now(void) {
  struct task_struct___scheduled *reader = (void *)bpf_get_current_task();
  if (is_real_time(reader) && bpf_core_field_exists(struct task_struct___scheduled, sched_info.last_arrival))
    return BPF_CORE_READ(reader, sched_info.last_arrival);
  return scheduled_until(reader);
}

/*
 * Returns the time until which the task ran, in CLOCK_MONOTONIC nanoseconds; 0 if the task is not asleep or the time is
 * unknown.
 */
static __always_inline __u64 ran_until(struct task_struct *pointer) {
  struct task_struct___scheduled *task = (void *)pointer;
  if (BPF_CORE_READ(task, __state) == TASK_RUNNING)
    return 0;
  __u64 then = scheduled_until(task);
  __u64 now = scheduler_now();
  __u64 time = bpf_ktime_get_ns();
  return then && then < now && now - then < time ? time - (now - then) : 0;
}
