/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Groups of provided buffers: lookup of a group by its id, and the entries of a buffer ring. */
#pragma once
#include "kernel/versions.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct xa_node {
  unsigned char shift;
  void *slots[64];
};

#pragma clang attribute pop

/* include/uapi/linux/io_uring.h */
struct provided_entry {
  __u64 address;
  __u32 length;
  __u16 bid;
  __u16 reserved; /* in the first entry: the tail of the buffer ring */
};

/*
 * Returns the group with an id, NULL if there is none. Groups are in an xarray, a tree of nodes with 64 entries each.
 */
static __always_inline struct io_buffer_list *provided_group(struct io_ring_ctx *ring, __u32 bgid) {
  if (bpf_core_field_exists(struct io_ring_ctx___first_groups, io_bl) && bgid < FIRST_GROUPS) {
    __u64 first = (__u64)BPF_CORE_READ((struct io_ring_ctx___first_groups *)ring, io_bl);
    return (void *)(first ? first + bgid * (__u64)bpf_core_type_size(struct io_buffer_list) : 0);
  }
  __u64 entry = (__u64)BPF_CORE_READ(ring, io_bl_xa.xa_head);
  for (int level = 0; level < 3 && (entry & 3) == 2; level++) {
    struct xa_node *node = (void *)(entry - 2);
    __u32 shift = BPF_CORE_READ(node, shift);
    if (shift > 12 || (!level && bgid >> shift > 63))
      return NULL;
    __u64 slot = (__u64)node + bpf_core_field_offset(struct xa_node, slots) + ((bgid >> shift) & 63) * 8ULL;
    bpf_probe_read_kernel(&entry, sizeof(entry), (void *)slot);
    if (!shift)
      break;
  }
  /* a tree without nodes contains only the group with id 0 */
  return (entry & 3) ? NULL : (void *)entry;
}

/*
 * Returns the number of entries that the application has added and the kernel has not taken; 0 if the group is not a
 * buffer ring.
 */
static __always_inline __u32 provided_entries_left(struct io_buffer_list *group) {
  if (!group_is_ring(group))
    return 0;
  __u16 left = BPF_CORE_READ(group, buf_ring, tail) - BPF_CORE_READ(group, head);
  __u32 entries = (__u32)BPF_CORE_READ(group, mask) + 1;
  return left < entries ? left : entries;
}

/* Reads the entry of a buffer ring that is `distance` entries behind the head. */
static __always_inline void read_provided_entry(
    struct provided_entry *to, struct io_buffer_list *group, __u32 distance) {
  __u16 index = (BPF_CORE_READ(group, head) + distance) & BPF_CORE_READ(group, mask);
  __u64 entries = (__u64)BPF_CORE_READ(group, buf_ring);
  bpf_probe_read_kernel(to, sizeof(*to), (void *)(entries + index * sizeof(*to)));
}
