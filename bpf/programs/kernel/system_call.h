/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The system call of the current task, for programs on tp/syscalls/sys_exit_*. */
#pragma once
#include "kernel/tasks.h"

/* Context of a program on tp/syscalls/sys_exit_*: syscall_tp_t in kernel/trace/trace_syscalls.c, 6.1 to 7.3. */
struct exit_context {
  __u64 common;
  __s32 number;
  __s64 result;
};

struct call_arguments {
  __u64 first, second, third, fourth;
};

/* Reads the arguments of the current call, which are still in the registers when it returns. */
static __always_inline void read_arguments(struct call_arguments *to) {
  struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
#if defined(__TARGET_ARCH_x86)
  to->first = registers->di;
  to->second = registers->si;
  to->third = registers->dx;
  to->fourth = registers->r10;
#else
  to->first = registers->orig_x0;
  to->second = registers->regs[1];
  to->third = registers->regs[2];
  to->fourth = registers->regs[3];
#endif
}
