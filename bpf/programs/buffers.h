/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Registered buffers, as the kernel keeps them in a ring's table.
 *
 * Up to 6.12 a request points to its io_mapped_ubuf, later to a node that does and that counts the
 * requests which hold it.
 */
#pragma once
#include "config.h"
#include "kernel_types.h"
#include "output.h"

/* A field behind an untyped pointer: a direct load where the kernel lets it. */
#define LOAD(pointer, type, field) \
  (config.can_cast ? rdonly_cast(pointer, type)->field : BPF_CORE_READ((type *)(pointer), field))

/* Tags of one page; up to 6.12. */
#define TAGS_OF_A_PAGE 512

static __always_inline bool has_nodes(void) {
  return bpf_core_field_exists(struct io_kiocb, buf_node);
}

/* Functions whose names were told. There are few: io_release_ubuf and one for each driver. */
#define MAX_SYMBOLS 16
__u64 told_symbols[MAX_SYMBOLS] = {};
static const char symbol_format[] = "%ps";

/* Tells the name of a kernel function, once as a rule. */
static __always_inline void note_symbol(__u64 address) {
  int place = MAX_SYMBOLS;
  if (!address)
    return;
  for (int i = 0; i < MAX_SYMBOLS; i++) {
    if (told_symbols[i] == address)
      return;
    if (!told_symbols[i]) {
      place = i;
      break;
    }
  }
  struct record_symbol *record =
      RESERVE(record_symbol, RECORD_SYMBOL, 0, 0, RECORD_OPCODE_NONE);
  if (!record)
    return;
  record->address = address;
  __builtin_memset(record->name, 0, sizeof(record->name));
  bpf_snprintf(record->name, sizeof(record->name), symbol_format, &address, sizeof(address));
  submit_record(record);
  if (place < MAX_SYMBOLS)
    told_symbols[place] = address;
}

static __always_inline void describe_buffer(struct record_buffer *to, void *buffer, void *node) {
  to->buffer = (__u64)buffer;
  to->node = (__u64)node;
  to->address = LOAD(buffer, struct io_mapped_ubuf, ubuf);
  if (bpf_core_field_exists(struct io_mapped_ubuf___end, ubuf_end))
    to->length = BPF_CORE_READ((struct io_mapped_ubuf___end *)buffer, ubuf_end) - to->address;
  else /* a direct load has the field's own size */
    to->length = rdonly_cast(buffer, struct io_mapped_ubuf)->len;
  to->segments = LOAD(buffer, struct io_mapped_ubuf, nr_bvecs);
  to->sharers = 0;
  if (bpf_core_field_exists(struct io_mapped_ubuf, refs))
    to->sharers = LOAD(buffer, struct io_mapped_ubuf, refs.refs.counter);
  to->priv = 0;
  to->release = 0;
  to->is_kernel = 0;
  to->direction = RECORD_BUFFER_DESTINATION | RECORD_BUFFER_SOURCE;
  if (bpf_core_field_exists(struct io_mapped_ubuf, release)) {
    to->priv = (__u64)LOAD(buffer, struct io_mapped_ubuf, priv);
    to->release = (__u64)LOAD(buffer, struct io_mapped_ubuf, release);
    to->direction = LOAD(buffer, struct io_mapped_ubuf, dir);
    if (bpf_core_field_exists(struct io_mapped_ubuf___kbuf, is_kbuf))
      to->is_kernel = LOAD(buffer, struct io_mapped_ubuf___kbuf, is_kbuf);
    else
      to->is_kernel = !!(LOAD(buffer, struct io_mapped_ubuf___flags, flags) & IO_REGBUF_F_KBUF);
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

/* What is in a slot of the ring's table, NULL if nothing. */
static __always_inline void *node_in_slot(struct io_ring_ctx *ring, __u32 index) {
  if (index >= BPF_CORE_READ(ring, buf_table.nr))
    return NULL;
  struct io_rsrc_node **nodes = BPF_CORE_READ(ring, buf_table.nodes);
  struct io_rsrc_node *node = NULL;
  bpf_probe_read_kernel(&node, sizeof(node), nodes + index);
  return node;
}

/* Up to 6.12. An empty slot has a buffer that cannot be. */
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

/* Up to 6.12 */
static __always_inline __u64 tag_of_slot(struct io_ring_ctx *ring, __u32 index) {
  struct io_ring_ctx___tables_by_count *old = (void *)ring;
  __u64 **tags = BPF_CORE_READ(old, buf_data, tags);
  __u64 *page = NULL, tag = 0;
  bpf_probe_read_kernel(&page, sizeof(page), tags + index / TAGS_OF_A_PAGE);
  bpf_probe_read_kernel(&tag, sizeof(tag), page + index % TAGS_OF_A_PAGE);
  return tag;
}
