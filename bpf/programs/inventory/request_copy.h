/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A copy of the request being examined, so that reading a field needs no helper call, and facts about the request's
 * owner.
 */
#pragma once
#include "common/last_run.h"
#include "common/pids.h"
#include "inventory/slots.h"
#include "kernel/versions.h"

#define COPY_SIZE 256 /* more than sizeof(struct io_kiocb), which is 248 on 7.3 */

/* The copy, as words, so that pointers are aligned. */
__u64 copy_words[COPY_SIZE / 8] = {};

/* A field of the copy. Offsets are constants that the loader fills in. */
#define COPIED(type, field) \
  (*(typeof(((type *)0)->field) *)((char *)copy_words + bpf_core_field_offset(type, field)))

/*
 * The owner of the last request examined, and the owner's descriptor table: consecutive requests mostly have the same
 * owner.
 */
__u64 files_task = 0;
__u32 files_pass = 0;
__u64 files_table = 0;
__u32 files_count = 0;
__u32 files_tgid = 0;
__u32 files_tid = 0;
__u64 files_ran_ns = 0; /* when the owner ran last, 0 if unknown */

static __always_inline bool copy_request(__u64 req) {
  __u32 size = bpf_core_type_size(struct io_kiocb);
  if (size > COPY_SIZE)
    size = COPY_SIZE;
  return !bpf_probe_read_kernel(copy_words, size, (void *)req);
}

/*
 * Returns the flags of the copy, which have 32 bits on 6.1. The offset is computed separately: the loader would resize
 * a load of the field.
 */
static __always_inline __u64 flags_of_copy(void) {
  __u64 offset = bpf_core_field_offset(struct io_kiocb, flags);
  asm volatile("" : "+r"(offset));
  char *flags = (char *)copy_words + offset;
  return bpf_core_field_size(struct io_kiocb, flags) == 4 ? *(__u32 *)flags : *(__u64 *)flags;
}

static __always_inline struct task_struct *owner_of_copy(void) {
  if (bpf_core_field_exists(struct io_kiocb___task, task))
    return COPIED(struct io_kiocb___task, task);
  struct io_uring_task___task *tctx = (void *)COPIED(struct io_kiocb___tctx, tctx);
  return BPF_CORE_READ(tctx, task);
}

/* Looks up an owner's descriptor table, once for consecutive requests of one owner. */
static __always_inline void take_owner(struct task_struct *task) {
  if (files_task == (__u64)task && files_pass == inventory.pass)
    return;
  files_task = (__u64)task;
  files_pass = inventory.pass;
  files_tgid = tgid_of(task);
  files_tid = tid_of(task);
  files_ran_ns = ran_until(task);
  struct fdtable *table = BPF_CORE_READ(task, files, fdt);
  files_table = (__u64)BPF_CORE_READ(table, fd);
  files_count = BPF_CORE_READ(table, max_fds);
}
