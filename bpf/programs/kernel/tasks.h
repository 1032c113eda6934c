/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Tasks, their pids and files, and the contexts of BPF iterators over tasks and their files. */
#pragma once
#include "kernel/base.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
  unsigned int inum;
};

struct pid_namespace {
  struct ns_common ns;
};

struct upid {
  int nr;
  struct pid_namespace *ns;
};

struct pid {
  unsigned int level;
  struct upid numbers[1];
};

struct file_operations;

struct qstr {
  const unsigned char *name;
};

struct dentry {
  struct qstr d_name;
};

struct path {
  struct dentry *dentry;
};

struct file {
  const struct file_operations *f_op;
  struct path f_path;
  void *private_data;
  struct address_space *f_mapping;
  struct inode *f_inode;
  unsigned int f_mode;
};

struct fdtable {
  unsigned int max_fds;
  struct file **fd;
};

struct files_struct {
  struct fdtable *fdt;
};

struct io_wq;

struct io_uring_task {
  struct file *registered_rings[16];
  struct io_wq *io_wq;
};

struct mm_struct;

struct seccomp {
  int mode;
};

struct task_struct {
  int pid;
  int tgid;
  struct pid *thread_pid;
  struct task_struct *group_leader;
  struct task_struct *real_parent;
  struct mm_struct *mm;
  struct io_uring_task *io_uring;
  char comm[RECORD_COMM_LEN];
  unsigned int flags;
  int exit_state;
  unsigned in_iowait : 1;
  void *worker_private;
  struct files_struct *files;
  struct seccomp seccomp;
};
#define PF_IO_WORKER 0x10
#define PF_KTHREAD 0x00200000

/* The registers at the entry of a system call. */
struct pt_regs {
#if defined(__TARGET_ARCH_x86)
  unsigned long di;
  unsigned long si;
  unsigned long dx;
  unsigned long r10;
#else
  __u64 regs[31];
  __u64 orig_x0;
#endif
};

struct seq_file;

struct bpf_iter_meta {
  struct seq_file *seq;
};

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};

struct bpf_iter__task_file {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
  __u32 fd;
  struct file *file;
};

#pragma clang attribute pop
