/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which file a request works on: read where the kernel has the pointer, for a descriptor is soon reused. */
#pragma once
#include "kernel/disks.h"
#include "kernel/versions.h"

/*
 * The file of a descriptor of the current task, NULL if there is none. Another thread can close it at the same time:
 * loads from it do not fault, and what they yield is checked wherever the request itself has the pointer.
 */
static __always_inline struct file *file_of_descriptor(__u32 descriptor) {
  if (!config.can_cast) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct fdtable *table = BPF_CORE_READ(task, files, fdt);
    struct file *file = NULL;
    if (descriptor < BPF_CORE_READ(table, max_fds))
      bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + descriptor);
    return file;
  }
  struct task_struct *task = rdonly_cast(bpf_get_current_task(), struct task_struct);
  struct fdtable *table = task->files->fdt;
  if (descriptor >= table->max_fds)
    return NULL;
  /* a struct that begins with a pointer to a file: so the entry is loaded without a helper call */
  return rdonly_cast((__u64)table->fd + (__u64)descriptor * 8, struct io_cmd_data)->file;
}

static __always_inline void describe_identity(struct record_file_identity *to, struct file *file) {
  __builtin_memset(to, 0, sizeof(*to));
  if (!file)
    return;
  to->file = (__u64)file;
  struct inode *inode = LOAD(file, struct file, f_inode);
  to->inode = LOAD(inode, struct inode, i_ino);
  to->generation = LOAD(inode, struct inode, i_generation);
  to->mode = LOAD(inode, struct inode, i_mode);
  struct super_block *system = LOAD(inode, struct inode, i_sb);
  to->device = LOAD(system, struct super_block, s_dev);
  to->file_system = LOAD(system, struct super_block, s_magic);
}
