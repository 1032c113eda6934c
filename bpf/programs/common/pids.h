/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Process and thread ids in uringtop's own pid namespace. */
#pragma once
#include "common/config.h"
#include "kernel/tasks.h"

/* The kernel's limit is 32 levels; containers in containers use 2 or 3. */
#define MAX_NAMESPACE_LEVEL 8

/* Returns a pid's number in uringtop's namespace, 0 if the pid is not visible there. */
static __always_inline __u32 number_in_namespace(struct pid *pid) {
  unsigned int levels = BPF_CORE_READ(pid, level);
  const __u32 namespace = config.pid_namespace;
  for (unsigned int level = 1; level <= MAX_NAMESPACE_LEVEL; level++) {
    if (level > levels)
      break;
    /* numbers[] has an entry per namespace level, a length that BTF does not show */
    struct upid *number =
        (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
    if (BPF_CORE_READ(number, ns, ns.inum) == namespace)
      return BPF_CORE_READ(number, nr);
  }
  return 0;
}

/* Thread id of any task. */
static __always_inline __u32 tid_of(struct task_struct *task) {
  if (!config.pid_namespace)
    return BPF_CORE_READ(task, pid);
  return number_in_namespace(BPF_CORE_READ(task, thread_pid));
}

/* Process id of any task. */
static __always_inline __u32 tgid_of(struct task_struct *task) {
  if (!config.pid_namespace)
    return BPF_CORE_READ(task, tgid);
  return number_in_namespace(BPF_CORE_READ(task, group_leader, thread_pid));
}

/* Returns the process id in the high half and the thread id in the low half, as bpf_get_current_pid_tgid does. */
static __always_inline __u64 current_ids(void) {
  if (!config.pid_namespace)
    return bpf_get_current_pid_tgid();
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  return (__u64)tgid_of(task) << 32 | tid_of(task);
}

static __always_inline __u32 current_tid(void) {
  if (!config.pid_namespace)
    return (__u32)bpf_get_current_pid_tgid();
  return tid_of((struct task_struct *)bpf_get_current_task());
}

static __always_inline __u32 current_tgid(void) {
  return current_ids() >> 32;
}
