/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Lists the groups of provided buffers of a ring. */
#pragma once
#include "common/provided_ring.h"
#include "inventory/slots.h"

#define MAX_GROUPS (1 << 10)      /* groups listed */
#define MAX_GROUP_STEPS (1 << 13) /* steps through the tree of groups */
#define MAX_GROUP_BUFFERS (1 << 16)

/* State of the walk over a ring's groups. */
struct {
  __u64 ring;
  __u64 slots;
  __u32 listed;
  __u32 bgid; /* next group id */
} groups = {};

/* The list of buffers being counted: its next node and its end. */
__u64 group_node = 0;
__u64 group_end = 0;

static long buffer_step(__u32 index, void *count) {
  if (!group_node || group_node == group_end)
    return 1;
  ++*(__u32 *)count;
  group_node = read_pointer(group_node);
  return 0;
}

__noinline int write_group(__u64 address) {
  struct io_buffer_list *group = (void *)address;
  bool is_ring = group_is_ring(group);
  __u32 left = 0, entries = 0;
  if (is_ring) {
    entries = (__u32)BPF_CORE_READ(group, mask) + 1;
    left = provided_entries_left(group);
  } else if (bpf_core_field_exists(struct io_buffer_list___counted, nbufs)) {
    left = BPF_CORE_READ((struct io_buffer_list___counted *)group, nbufs);
  } else {
    group_end = address + bpf_core_field_offset(struct io_buffer_list, buf_list);
    group_node = read_pointer(group_end);
    bpf_loop(MAX_GROUP_BUFFERS, buffer_step, &left, 0);
  }
  if (!is_ring && !left && groups_exist_unused())
    return 0;
  struct record_provided_group *record = next_slot();
  groups.listed++;
  if (!record)
    return 0;
  fill_header(&record->base, RECORD_PROVIDED_GROUP, sizeof(*record), groups.ring, 0);
  record->bgid = BPF_CORE_READ(group, bgid);
  record->left = left;
  record->entries = entries;
  record->head_is_known = is_ring && left;
  record->head_address = 0;
  record->head_length = 0;
  record->head_bid = 0;
  record->head_slot = 0;
  if (record->head_is_known) {
    struct provided_entry head = {};
    read_provided_entry(&head, group, 0);
    record->head_address = head.address;
    record->head_length = head.length;
    record->head_bid = head.bid;
    record->head_slot = BPF_CORE_READ(group, head) & BPF_CORE_READ(group, mask);
  }
  return 0;
}

/*
 * Writes the group with the next bgid, or skips the bgids of an empty branch. An xarray is a tree of nodes with 64
 * entries each. In a pointer to a node, the lowest two bits are 10 (binary).
 */
static long group_step(__u32 index, void *unused) {
  if (groups.bgid > 0xffff || groups.listed >= MAX_GROUPS)
    return 1;
  __u64 entry = groups.slots;
  __u32 shift = 0;
  bool is_node = (entry & 3) == 2;
  if (!is_node && groups.bgid)
    return 1;
  for (int level = 0; level < 3 && is_node; level++) {
    struct xa_node *node = (void *)(entry - 2);
    shift = BPF_CORE_READ(node, shift);
    if (shift > 12 || (!level && groups.bgid >> shift > 63))
      return 1;
    entry = read_pointer(
        (__u64)node + bpf_core_field_offset(struct xa_node, slots) + ((groups.bgid >> shift) & 63) * 8ULL);
    is_node = shift && (entry & 3) == 2;
  }
  if (entry && !(entry & 3)) {
    write_group(entry);
    shift = 0;
  }
  groups.bgid = ((groups.bgid >> shift) + 1) << shift;
  return 0;
}

static long first_group_step(__u32 index, void *unused) {
  write_group(groups.slots + index * (__u64)bpf_core_type_size(struct io_buffer_list));
  return 0;
}

__noinline int walk_groups(__u64 address) {
  groups.ring = address;
  groups.listed = 0;
  if (bpf_core_field_exists(struct io_ring_ctx___first_groups, io_bl)) {
    struct io_ring_ctx___first_groups *old = (void *)address;
    groups.slots = (__u64)BPF_CORE_READ(old, io_bl);
    if (groups.slots)
      bpf_loop(FIRST_GROUPS, first_group_step, NULL, 0);
  }
  struct io_ring_ctx *ring = (void *)address;
  groups.slots = (__u64)BPF_CORE_READ(ring, io_bl_xa.xa_head);
  groups.bgid = 0;
  if (groups.slots)
    bpf_loop(MAX_GROUP_STEPS, group_step, NULL, 0);
  return 0;
}
