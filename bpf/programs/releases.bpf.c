// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Releases of buffers, recorded when the kernel calls a release function, if the kernel allows fentry on it. Each
 * program is loaded alone, because kernels differ in these functions and some functions belong to modules.
 */
#define CLAIMS_ATOMICALLY 1
#include "common/config.h"
#include "common/output.h"
#include "common/ring_filter.h"
#include "kernel/versions.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int emit_release(
    __u64 ring, enum record_release function, struct io_mapped_ubuf *buffer, __u64 node, __u64 priv) {
  struct record_buffer_release *record =
      RESERVE(record_buffer_release, RECORD_BUFFER_RELEASE, ring, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 0;
  record->buffer = (__u64)buffer;
  record->node = node;
  record->priv = priv;
  record->release = 0;
  record->sharers = 0;
  record->function = function;
  if (buffer && buffers_have_release()) {
    record->release = (__u64)BPF_CORE_READ(buffer, release);
    record->priv = (__u64)BPF_CORE_READ(buffer, priv);
  }
  if (buffer && buffers_count_sharers())
    record->sharers = BPF_CORE_READ(buffer, refs.refs.counter);
  submit_record(record);
  return 0;
}

/* Kernels whose requests have nodes: the last reference to a slot's node is dropped. Nodes of files are skipped. */
SEC("fentry/io_free_rsrc_node")
int BPF_PROG(free_rsrc_node, struct io_ring_ctx *ring, struct io_rsrc_node *node) {
  if (BPF_CORE_READ(node, type) != IORING_RSRC_BUFFER || !ring_passes((__u64)ring))
    return 0;
  return emit_release((__u64)ring, RECORD_FREE_RSRC_NODE, BPF_CORE_READ(node, buf), (__u64)node, 0);
}

/*
 * Kernels up to 6.12: the last reference to a buffer's generation is dropped. On these kernels requests hold a
 * reference to a generation of the ring's registered files and buffers (an io_rsrc_node), not to a single buffer.
 * BPF_PROG is not used because 6.1 refuses a named argument that points to a pointer.
 */
SEC("fentry/io_buffer_unmap")
int buffer_unmap(void *ctx) {
  __u64 ring = 0, slot = 0;
  bpf_get_func_arg(ctx, 0, &ring);
  bpf_get_func_arg(ctx, 1, &slot);
  if (!ring_passes(ring))
    return 0;
  struct io_mapped_ubuf *buffer = NULL;
  bpf_probe_read_kernel(&buffer, sizeof(buffer), (void *)slot);
  return emit_release(ring, RECORD_BUFFER_UNMAP, buffer, 0, 0);
}

/*
 * The release functions below have no ring argument. io_free_rsrc_node has run before them for the same buffer, and the
 * record of that call names the ring. If a filter selects rings, these programs write no record, because they cannot
 * see whether the ring passes. The reader of the records ignores releases of buffers whose ring is unknown.
 */
SEC("fentry/io_release_ubuf")
int BPF_PROG(release_ubuf, void *priv) {
  if (config.filters_rings)
    return 0;
  return emit_release(0, RECORD_RELEASE_UBUF, NULL, 0, (__u64)priv);
}

SEC("fentry/ublk_io_release")
int BPF_PROG(ublk_io_release, void *priv) {
  return emit_release(0, RECORD_UBLK_IO_RELEASE, NULL, 0, (__u64)priv);
}

SEC("fentry/fuse_zero_copy_release")
int BPF_PROG(fuse_zero_copy_release, void *priv) {
  return emit_release(0, RECORD_FUSE_RELEASE, NULL, 0, (__u64)priv);
}
