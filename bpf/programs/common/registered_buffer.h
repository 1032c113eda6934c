/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Registered buffers in a ring's table. Where requests have nodes (requests_have_nodes), a request points to a node,
 * and the node to an io_mapped_ubuf. On older kernels the request points to the io_mapped_ubuf.
 */
#pragma once
#include "kernel/versions.h"

static __always_inline void describe_buffer(struct record_buffer *to, void *buffer, void *node) {
  to->buffer = (__u64)buffer;
  to->node = (__u64)node;
  to->address = LOAD(buffer, struct io_mapped_ubuf, ubuf);
  to->length = buffer_length(buffer, to->address);
  to->segments = LOAD(buffer, struct io_mapped_ubuf, nr_bvecs);
  to->sharers = 0;
  if (buffers_count_sharers())
    to->sharers = LOAD(buffer, struct io_mapped_ubuf, refs.refs.counter);
  to->priv = 0;
  to->release = 0;
  to->is_kernel = 0;
  to->direction = RECORD_BUFFER_DESTINATION | RECORD_BUFFER_SOURCE;
  if (buffers_have_release()) {
    to->priv = (__u64)LOAD(buffer, struct io_mapped_ubuf, priv);
    to->release = (__u64)LOAD(buffer, struct io_mapped_ubuf, release);
    to->direction = LOAD(buffer, struct io_mapped_ubuf, dir);
    to->is_kernel = buffer_is_of_kernel(buffer);
  }
  to->tag = 0;
  to->references = -1;
  if (node) {
    to->tag = LOAD(node, struct io_rsrc_node, tag);
    to->references = LOAD(node, struct io_rsrc_node, refs);
  }
  to->in_table = 0;
  __builtin_memset(to->reserved, 0, sizeof(to->reserved));
}

/* Returns the node in a slot of the ring's buffer table, NULL if the slot is empty. */
static __always_inline void *node_in_slot(struct io_ring_ctx *ring, __u32 index) {
  if (index >= BPF_CORE_READ(ring, buf_table.nr))
    return NULL;
  struct io_rsrc_node **nodes = BPF_CORE_READ(ring, buf_table.nodes);
  struct io_rsrc_node *node = NULL;
  bpf_probe_read_kernel(&node, sizeof(node), nodes + index);
  return node;
}

/*
 * Returns the buffer in a slot, for kernels whose requests have no nodes; NULL if the slot is empty. In an empty slot
 * these kernels keep a buffer with an impossible address.
 */
static __always_inline void *buffer_in_slot(struct io_ring_ctx *ring, __u32 index) {
  struct io_ring_ctx___tables_by_count *old = (void *)ring;
  if (index >= BPF_CORE_READ(old, nr_user_bufs))
    return NULL;
  struct io_mapped_ubuf **buffers = BPF_CORE_READ(old, user_bufs);
  struct io_mapped_ubuf *buffer = NULL;
  bpf_probe_read_kernel(&buffer, sizeof(buffer), buffers + index);
  if (buffer && BPF_CORE_READ(buffer, ubuf) == ~0ULL)
    return NULL;
  return buffer;
}

/* On kernels whose requests have no nodes, tags are in separate pages with TAGS_PER_PAGE tags each. */
#define TAGS_PER_PAGE 512

static __always_inline __u64 tag_of_slot(struct io_ring_ctx *ring, __u32 index) {
  struct io_ring_ctx___tables_by_count *old = (void *)ring;
  __u64 **tags = BPF_CORE_READ(old, buf_data, tags);
  __u64 *page = NULL, tag = 0;
  bpf_probe_read_kernel(&page, sizeof(page), tags + index / TAGS_PER_PAGE);
  bpf_probe_read_kernel(&tag, sizeof(tag), page + index % TAGS_PER_PAGE);
  return tag;
}
