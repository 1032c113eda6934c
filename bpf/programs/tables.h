/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a ring has registered: files with the references that requests hold on them, and provided buffers. */
#pragma once
#include "table_types.h"

#define MAX_FILE_SLOTS (1 << 15)  /* looked at */
#define MAX_FILES (1 << 10)       /* listed of a ring */
#define MAX_GROUPS (1 << 10)      /* likewise */
#define MAX_GROUP_STEPS (1 << 13) /* from node to node of the tree of groups */
#define MAX_GROUP_BUFFERS (1 << 16)
#define FIRST_GROUPS 64 /* 6.1: BGID_ARRAY */
#define FILE_FLAGS 7ULL /* in the low bits of a pointer to a file */

/* Of the ring whose tables are looked at. */
struct {
  __u64 ring;
  __u64 slots;
  __u32 listed;
  __u32 bgid; /* the next one */
} table = {};

/* Files */

static __always_inline void write_file(__u32 index, __u64 address, __u64 tag, __s32 references) {
  struct file___mapped *file = (void *)(address & ~FILE_FLAGS);
  struct record_registered_file *record = next_slot();
  table.listed++;
  if (!record)
    return;
  fill_header(&record->base, RECORD_REGISTERED_FILE, sizeof(*record), table.ring, 0);
  record->index = index;
  record->tag = tag;
  record->references = references;
  struct inode *inode = BPF_CORE_READ(file, f_inode);
  struct inode___numbered *numbered = (void *)inode;
  struct super_block___magic *super = (void *)BPF_CORE_READ(inode, i_sb);
  record->inode = BPF_CORE_READ(numbered, i_ino);
  record->mode = BPF_CORE_READ(inode, i_mode);
  struct file___opened *opened = (void *)file;
  __u32 access = BPF_CORE_READ(opened, f_mode);
  record->can_read = !!(access & FMODE_READ);
  record->can_write = !!(access & FMODE_WRITE);
  record->file_system = BPF_CORE_READ(super, s_magic);
}

static long file_step(__u32 index, void *unused) {
  if (table.listed >= MAX_FILES)
    return 1;
  __u64 entry = read_pointer(table.slots + index * 8ULL);
  if (!entry)
    return 0;
  if (!bpf_core_field_exists(struct io_kiocb, buf_node)) {
    write_file(index, entry, 0, -1);
    return 0;
  }
  struct io_rsrc_node *node = (void *)entry;
  struct io_rsrc_node___file *holder = (void *)entry;
  __u64 file = BPF_CORE_READ(holder, file_ptr);
  __s32 references = BPF_CORE_READ(node, refs);
  /* the table's own is one of them */
  if (file)
    write_file(index, file, BPF_CORE_READ(node, tag), references > 0 ? references - 1 : 0);
  return 0;
}

__noinline int walk_files(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  __u32 count;
  if (bpf_core_field_exists(struct io_ring_ctx___tables_by_count, nr_user_files)) {
    struct io_ring_ctx___tables_by_count *old = (void *)ring;
    struct io_ring_ctx___file_slots *files = (void *)ring;
    count = BPF_CORE_READ(old, nr_user_files);
    table.slots = (__u64)BPF_CORE_READ(files, file_table.files);
  } else {
    count = BPF_CORE_READ(ring, file_table.data.nr);
    table.slots = (__u64)BPF_CORE_READ(ring, file_table.data.nodes);
  }
  table.ring = address;
  table.listed = 0;
  if (table.slots)
    bpf_loop(count < MAX_FILE_SLOTS ? count : MAX_FILE_SLOTS, file_step, NULL, 0);
  return 0;
}

/* Provided buffers */

static long buffer_step(__u32 index, void *count) {
  if (!queue_node || queue_node == walk.end)
    return 1;
  ++*(__u32 *)count;
  queue_node = read_pointer(queue_node);
  return 0;
}

__noinline int write_group(__u64 address) {
  struct io_buffer_list *group = (void *)address;
  bool is_ring;
  if (bpf_core_field_exists(struct io_buffer_list___flags, flags))
    is_ring = BPF_CORE_READ((struct io_buffer_list___flags *)group, flags) & IOBL_BUF_RING;
  else
    is_ring = BPF_CORE_READ((struct io_buffer_list___pages *)group, buf_nr_pages) != 0;
  __u32 left = 0, entries = 0;
  if (is_ring) {
    __u16 tail = BPF_CORE_READ(group, buf_ring, tail); /* the application's to write */
    entries = (__u32)BPF_CORE_READ(group, mask) + 1;
    left = (__u16)(tail - BPF_CORE_READ(group, head));
    if (left > entries)
      left = entries;
  } else if (bpf_core_field_exists(struct io_buffer_list___counted, nbufs)) {
    left = BPF_CORE_READ((struct io_buffer_list___counted *)group, nbufs);
  } else {
    walk.end = address + bpf_core_field_offset(struct io_buffer_list, buf_list);
    queue_node = read_pointer(walk.end);
    bpf_loop(MAX_GROUP_BUFFERS, buffer_step, &left, 0);
  }
  /* 6.1 has those of its array from the start */
  if (!is_ring && !left && !bpf_core_field_exists(struct io_buffer_list___flags, flags))
    return 0;
  struct record_provided_group *record = next_slot();
  table.listed++;
  if (!record)
    return 0;
  fill_header(&record->base, RECORD_PROVIDED_GROUP, sizeof(*record), table.ring, 0);
  record->bgid = BPF_CORE_READ(group, bgid);
  record->left = left;
  record->entries = entries;
  record->reserved = 0;
  return 0;
}

/*
 * The group of the next bgid, or where there is none the next one that could have one: an xarray is a tree
 * of nodes with 64 places each, whose lowest bits are 10.
 */
static long group_step(__u32 index, void *unused) {
  if (table.bgid > 0xffff || table.listed >= MAX_GROUPS)
    return 1;
  __u64 entry = table.slots;
  __u32 shift = 0;
  bool is_node = (entry & 3) == 2;
  if (!is_node && table.bgid)
    return 1;
  for (int level = 0; level < 3 && is_node; level++) {
    struct xa_node *node = (void *)(entry - 2);
    shift = BPF_CORE_READ(node, shift);
    if (shift > 12 || (!level && table.bgid >> shift > 63))
      return 1;
    entry = read_pointer(
        (__u64)node + bpf_core_field_offset(struct xa_node, slots) +
        ((table.bgid >> shift) & 63) * 8ULL);
    is_node = shift && (entry & 3) == 2;
  }
  if (entry && !(entry & 3)) {
    write_group(entry);
    shift = 0;
  }
  table.bgid = ((table.bgid >> shift) + 1) << shift;
  return 0;
}

static long first_group_step(__u32 index, void *unused) {
  write_group(table.slots + index * (__u64)bpf_core_type_size(struct io_buffer_list));
  return 0;
}

__noinline int walk_groups(__u64 address) {
  table.ring = address;
  table.listed = 0;
  if (bpf_core_field_exists(struct io_ring_ctx___first_groups, io_bl)) {
    struct io_ring_ctx___first_groups *old = (void *)address;
    table.slots = (__u64)BPF_CORE_READ(old, io_bl);
    if (table.slots)
      bpf_loop(FIRST_GROUPS, first_group_step, NULL, 0);
  }
  struct io_ring_ctx___provided *ring = (void *)address;
  table.slots = (__u64)BPF_CORE_READ(ring, io_bl_xa.xa_head);
  table.bgid = 0;
  if (table.slots)
    bpf_loop(MAX_GROUP_STEPS, group_step, NULL, 0);
  return 0;
}
