// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Refuses one kind of bpf(2) call of one process. */
#include "refuse.h"

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile struct refuse_rule rule;

/* Calls of the kind so far, and those that were refused. */
__u32 calls;
__u32 refused;
/* The name of the program or map that was refused last. */
char last[BPF_OBJ_NAME_LEN];

static bool is_named(const char *name) {
  for (int i = 0; i < BPF_OBJ_NAME_LEN; i++) {
    if (name[i] != rule.name[i])
      return false;
    if (!name[i])
      break;
  }
  return true;
}

/* Whether the call is one of the kind, with the name of what it makes. */
static bool is_of_kind(int command, union bpf_attr *attributes, char *name) {
  switch (rule.kind) {
    case REFUSE_PROGRAM:
      if (command != BPF_PROG_LOAD)
        return false;
      bpf_probe_read_kernel(name, BPF_OBJ_NAME_LEN, attributes->prog_name);
      return true;
    case REFUSE_MAP:
      if (command != BPF_MAP_CREATE)
        return false;
      bpf_probe_read_kernel(name, BPF_OBJ_NAME_LEN, attributes->map_name);
      return true;
    default:
      return command == BPF_LINK_CREATE || command == BPF_RAW_TRACEPOINT_OPEN;
  }
}

SEC("fmod_ret/security_bpf")
int BPF_PROG(refuse_call, int command, union bpf_attr *attributes) {
  char name[BPF_OBJ_NAME_LEN] = "";
  if (bpf_get_current_pid_tgid() >> 32 != rule.tgid || !is_of_kind(command, attributes, name))
    return 0;
  __u32 call = __sync_fetch_and_add(&calls, 1) + 1;
  if (rule.name[0] ? !is_named(name) : rule.call != call)
    return 0;
  __sync_fetch_and_add(&refused, 1);
  __builtin_memcpy(last, name, sizeof(last));
  return -rule.error;
}

char _license[] SEC("license") = "GPL";
