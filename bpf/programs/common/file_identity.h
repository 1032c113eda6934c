/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Identity of a request's file. It is read where the kernel has the pointer to the file, because descriptors are soon
 * reused.
 */
#pragma once
#include "kernel/disks.h"
#include "kernel/versions.h"

#define ANON_INODE_FS_MAGIC 0x09041934

/* The first eight characters, as a number, of the name that the kernel gives to a file with an anonymous inode. */
#define NAME(a, b, c, d, e, f, g, h) \
  ((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
   (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

static __always_inline enum record_anonymous anonymous_kind(struct file *file) {
  __u64 name = 0;
  struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
  bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
  switch (name) {
    case NAME('[', 'e', 'v', 'e', 'n', 't', 'f', 'd'):
      return RECORD_ANONYMOUS_EVENTFD;
    case NAME('[', 't', 'i', 'm', 'e', 'r', 'f', 'd'):
      return RECORD_ANONYMOUS_TIMERFD;
    case NAME('[', 'e', 'v', 'e', 'n', 't', 'p', 'o'):
      return RECORD_ANONYMOUS_EPOLL;
    case NAME('[', 's', 'i', 'g', 'n', 'a', 'l', 'f'):
      return RECORD_ANONYMOUS_SIGNALFD;
    case NAME('[', 'i', 'o', '_', 'u', 'r', 'i', 'n'):
      return RECORD_ANONYMOUS_IO_URING;
    case NAME('[', 'p', 'i', 'd', 'f', 'd', ']', 0):
      return RECORD_ANONYMOUS_PIDFD;
    case NAME('i', 'n', 'o', 't', 'i', 'f', 'y', 0):
      return RECORD_ANONYMOUS_INOTIFY;
    case NAME('[', 'u', 's', 'e', 'r', 'f', 'a', 'u'):
      return RECORD_ANONYMOUS_USERFAULTFD;
    case NAME('[', 'p', 'e', 'r', 'f', '_', 'e', 'v'):
      return RECORD_ANONYMOUS_PERF_EVENT;
  }
  return RECORD_ANONYMOUS_NONE;
}

/*
 * Returns the file of a descriptor of the current task, NULL if there is none. Another thread can close the descriptor
 * at the same time, but loads from the file do not fault.
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
  /* io_cmd_data begins with a pointer to a file, so this cast loads the table entry without a helper call */
  return rdonly_cast((__u64)table->fd + (__u64)descriptor * 8, struct io_cmd_data)->file;
}

/* Returns the file that is now in a slot of registered files, NULL if the slot is empty. */
static __always_inline struct file *registered_file(struct io_ring_ctx *ring, __u32 index) {
  if (index >= registered_file_count(ring))
    return NULL;
  __u64 slots = registered_file_slots(ring), entry = 0;
  if (!slots || bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(slots + index * 8ULL)) || !entry)
    return NULL;
  if (requests_have_nodes())
    entry = LOAD(entry, struct io_rsrc_node, file_ptr);
  return (struct file *)(entry & ~FILE_FLAGS);
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
  if (to->file_system == ANON_INODE_FS_MAGIC)
    to->anonymous = anonymous_kind(file);
}
