/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Casts that give the verifier the type of a pointer, and loads through such pointers. */
#pragma once
#include "common/config.h"
#include "kernel/base.h"

/*
 * For loads of any memory, word by word. A cast to this type gives the verifier the kernel's type pt_regs, because
 * pt_regs begins with eight words on x86 and arm64.
 */
struct words {
  __u64 words[8];
};

/*
 * Gives a pointer a type, so that the verifier allows direct loads of its fields. bpf_rdonly_cast exists from 6.2 on.
 * User space replaces the two instructions of the call before the load (enum probe_cast in probe.h).
 */
#define rdonly_cast(pointer, type) ((type *)mark_cast((__u64)(pointer), CAST_TO(type)))

/* clang-format off */
#define CAST_TO(type) \
  _Generic((type *)0, \
    struct file *: PROBE_CAST_FILE, \
    struct inode *: PROBE_CAST_INODE, \
    struct io_cmd_data *: PROBE_CAST_IO_CMD_DATA, \
    struct io_kiocb *: PROBE_CAST_IO_KIOCB, \
    struct io_mapped_ubuf *: PROBE_CAST_IO_MAPPED_UBUF, \
    struct io_mapped_ubuf___flags *: PROBE_CAST_IO_MAPPED_UBUF, \
    struct io_mapped_ubuf___kbuf *: PROBE_CAST_IO_MAPPED_UBUF, \
    struct io_rsrc_node *: PROBE_CAST_IO_RSRC_NODE, \
    struct io_uring *: PROBE_CAST_IO_URING, \
    struct words *: PROBE_CAST_PT_REGS, \
    struct super_block *: PROBE_CAST_SUPER_BLOCK, \
    struct task_struct *: PROBE_CAST_TASK_STRUCT)
/* clang-format on */

#define mark_cast(pointer, to) \
  ({ \
    register __u64 cast_pointer asm("r1") = (pointer); \
    register __u64 cast_result asm("r0"); \
    asm volatile("r2 = %[type]\n" \
                 "call %[cast]" \
                 : "=r"(cast_result), "+r"(cast_pointer) \
                 : [type] "i"(to), [cast] "i"(PROBE_CAST) \
                 : "r2", "r3", "r4", "r5"); \
    (void *)cast_result; \
  })

/* Loads a field through an untyped pointer. This is a direct load where the kernel has bpf_rdonly_cast. */
#define LOAD(pointer, type, field) \
  (config.can_cast ? rdonly_cast(pointer, type)->field : BPF_CORE_READ((type *)(pointer), field))
