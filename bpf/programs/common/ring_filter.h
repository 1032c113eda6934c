/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The filter. The ring of an event decides whether the event passes, not the current task: workers, kworkers and SQPOLL
 * threads post completions. A ring is judged once: here when it is created, or by user space when an iterator finds it.
 * The verdict is in a table that is read without a helper call.
 */
#pragma once
#include "common/config.h"
#include "common/pids.h"
#include "kernel/tasks.h"

/* A variable rather than a map: the address of a variable is a constant, but a map's element must be looked up. */
struct probe_verdicts verdicts SEC(".data.verdicts") = {};

#define MAX_ANCESTORS 16

static __always_inline bool tgid_is_listed(__u32 tgid) {
  for (__u32 i = 0; i < PROBE_MAX_TGIDS && i < config.nr_tgids; i++)
    if (config.tgids[i] == tgid)
      return true;
  return false;
}

/* True if no process is listed, or if the current process is listed or (with_descendants) has a listed ancestor. */
static __always_inline bool tgid_passes(void) {
  if (!config.nr_tgids)
    return true;
  if (!config.with_descendants)
    return tgid_is_listed(current_tgid());
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  for (int i = 0; i < MAX_ANCESTORS; i++) {
    __u32 tgid = tgid_of(task);
    if (tgid_is_listed(tgid))
      return true;
    struct task_struct *parent = BPF_CORE_READ(task, real_parent);
    if (!parent || parent == task)
      break;
    task = parent;
  }
  return false;
}

/* True if the current process is in a listed cgroup or below one. */
static __always_inline bool cgroup_passes(void) {
  if (!config.nr_cgroups)
    return true;
  for (int level = 0; level < MAX_ANCESTORS; level++) {
    __u64 cgroup = bpf_get_current_ancestor_cgroup_id(level);
    if (!cgroup)
      break;
    for (__u32 i = 0; i < PROBE_MAX_CGROUPS && i < config.nr_cgroups; i++)
      if (config.cgroups[i] == cgroup)
        return true;
  }
  return false;
}

static __always_inline bool process_passes(void) {
  return tgid_passes() && cgroup_passes();
}

static __always_inline bool name_passes(void) {
  if (!config.nr_comms)
    return true;
  /* the process's name: the thread that creates the ring may have a different name */
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  __u64 comm[2] = {};
  struct task_struct *leader = BPF_CORE_READ(task, group_leader);
  bpf_core_read_str(comm, sizeof(comm), &leader->comm);
  for (__u32 i = 0; i < PROBE_MAX_COMMS && i < config.nr_comms; i++) {
    const volatile __u64 *name = (const volatile __u64 *)config.comms[i];
    if (name[0] == comm[0] && name[1] == comm[1])
      return true;
  }
  return false;
}

static __always_inline bool fd_passes(int fd) {
  if (!config.nr_fds)
    return true;
  for (__u32 i = 0; i < PROBE_MAX_FDS && i < config.nr_fds; i++)
    if (config.fds[i] == fd)
      return true;
  return false;
}

/* Stores the verdict on a ring that is being created, so that a ring at a reused address is judged again. */
static __always_inline void judge_ring(__u64 ctx, bool passes) {
  __u32 home = PROBE_HASH(ctx, PROBE_VERDICT_BITS);
  __u32 chosen = home;
  for (int i = 0; i < PROBE_VERDICT_PROBES; i++) {
    __u32 slot = (home + i) & (PROBE_VERDICT_SLOTS - 1);
    __u64 entry = verdicts.slots[slot];
    if (!entry || (entry & ~1ULL) == ctx) {
      chosen = slot;
      break;
    }
  }
  verdicts.slots[chosen & (PROBE_VERDICT_SLOTS - 1)] = ctx | passes;
}

static __always_inline bool ring_passes(__u64 ctx) {
  if (!config.filters_rings)
    return true;
  __u32 home = PROBE_HASH(ctx, PROBE_VERDICT_BITS);
  for (int i = 0; i < PROBE_VERDICT_PROBES; i++) {
    __u64 entry = verdicts.slots[(home + i) & (PROBE_VERDICT_SLOTS - 1)];
    if ((entry & ~1ULL) == ctx)
      return entry & 1;
    if (!entry)
      break;
  }
  /*
   * The ring is older than uringtop and was not found yet: its owner and descriptor are unknown. Judge the current
   * process.
   */
  return !config.nr_fds && process_passes() && name_passes();
}

static __always_inline bool opcode_passes(__u8 opcode) {
  if (!config.filters_opcodes)
    return true;
  return config.opcodes[opcode >> 6] >> (opcode & 63) & 1;
}

static __always_inline bool request_passes(__u64 ctx, __u8 opcode) {
  return opcode_passes(opcode) && ring_passes(ctx);
}
