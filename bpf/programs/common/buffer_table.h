/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records a ring's table of registered buffers, slot by slot: after each call that changes the table, and once for
 * rings that existed before uringtop started.
 */
#pragma once
#include "common/buffers.h"

/* IORING_MAX_REG_BUFFERS */
#define MAX_BUFFER_SLOTS (1 << 14)
#define ALL_SLOTS 0xffffffff

/*
 * State of the walk over the slots. It is per CPU rather than on the stack, so that the verifier checks each step only
 * once.
 */
struct table_walk {
  struct io_ring_ctx *ring;
  __u32 first;
  __u32 count;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct table_walk);
} table_walks SEC(".maps");

static long table_step(__u32 step, void *unused) {
  __u32 zero = 0;
  struct table_walk *walk = bpf_map_lookup_elem(&table_walks, &zero);
  if (!walk || step >= walk->count)
    return 1;
  struct io_ring_ctx *ring = walk->ring;
  __u32 index = walk->first + step;
  void *node = NULL, *buffer;
  if (requests_have_nodes()) {
    node = node_in_slot(ring, index);
    buffer = node ? BPF_CORE_READ((struct io_rsrc_node *)node, buf) : NULL;
  } else {
    buffer = buffer_in_slot(ring, index);
  }
  if (!buffer)
    return 0;
  if (buffers_have_release())
    note_symbol((__u64)BPF_CORE_READ((struct io_mapped_ubuf *)buffer, release));
  struct record_buffer_slot *record =
      RESERVE(record_buffer_slot, RECORD_BUFFER_SLOT, ring, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 1;
  describe_buffer(&record->buffer, buffer, node);
  if (!requests_have_nodes())
    record->buffer.tag = tag_of_slot(ring, index);
  record->buffer.index = index;
  record->buffer.in_table = 1;
  submit_record(record);
  return 0;
}

static __always_inline void emit_table(
    struct io_ring_ctx *ring, __u32 first, __u32 count, __u32 register_opcode) {
  __u32 zero = 0;
  struct table_walk *walk = bpf_map_lookup_elem(&table_walks, &zero);
  if (!walk)
    return;
  __u32 size = registered_buffer_count(ring);
  if (first == ALL_SLOTS) {
    first = 0;
    count = size;
  }
  struct record_buffer_table *record =
      RESERVE(record_buffer_table, RECORD_BUFFER_TABLE, ring, 0, RECORD_OPCODE_NONE);
  if (!record)
    return;
  record->size = size;
  record->first = first;
  record->count = count;
  record->register_opcode = register_opcode;
  submit_record(record);
  walk->ring = ring;
  walk->first = first;
  walk->count = count;
  bpf_loop(MAX_BUFFER_SLOTS, table_step, NULL, 0);
}
