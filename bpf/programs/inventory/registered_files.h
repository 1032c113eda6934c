/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Lists the registered files of a ring, and the references that requests hold. */
#pragma once
#include "common/file_identity.h"
#include "inventory/notifications.h"
#include "inventory/slots.h"

#define MAX_FILE_SLOTS (1 << 15) /* slots examined */
#define MAX_FILES (1 << 10)      /* files listed */
#define FMODE_READ 1
#define FMODE_WRITE 2

/* The table of registered files being listed. */
struct {
  __u64 ring;
  __u64 slots;
  __u32 listed;
} files = {};

static __always_inline void write_file(__u32 index, __u64 address, __u64 tag, __s32 references) {
  struct file *file = (void *)(address & ~FILE_FLAGS);
  struct record_registered_file *record = next_slot();
  files.listed++;
  if (!record)
    return;
  fill_header(&record->base, RECORD_REGISTERED_FILE, sizeof(*record), files.ring, 0);
  record->index = index;
  record->tag = tag;
  record->references = references;
  describe_identity(&record->file, file);
  record->inode = record->file.inode;
  record->mode = record->file.mode;
  __u32 access = BPF_CORE_READ(file, f_mode);
  record->can_read = !!(access & FMODE_READ);
  record->can_write = !!(access & FMODE_WRITE);
  record->file_system = record->file.file_system;
  if ((record->mode & S_IFMT) == S_IFSOCK)
    walk_sender((__u64)file, 0, -1);
}

static long file_step(__u32 index, void *unused) {
  if (files.listed >= MAX_FILES)
    return 1;
  __u64 entry = read_pointer(files.slots + index * 8ULL);
  if (!entry)
    return 0;
  if (!requests_have_nodes()) {
    write_file(index, entry, 0, -1);
    return 0;
  }
  struct io_rsrc_node *node = (void *)entry;
  __u64 file = BPF_CORE_READ(node, file_ptr);
  __s32 references = BPF_CORE_READ(node, refs);
  /* one of the node's references is that of the ring's table */
  if (file)
    write_file(index, file, BPF_CORE_READ(node, tag), references > 0 ? references - 1 : 0);
  return 0;
}

__noinline int walk_files(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  __u32 count = registered_file_count(ring);
  files.slots = registered_file_slots(ring);
  files.ring = address;
  files.listed = 0;
  if (files.slots)
    bpf_loop(count < MAX_FILE_SLOTS ? count : MAX_FILE_SLOTS, file_step, NULL, 0);
  return 0;
}
