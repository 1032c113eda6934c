/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Walks the requests on the lists of a ring. */
#pragma once
#include "inventory/walk.h"

__noinline int walk_parked(__u64 ring) {
  const __u32 hash_node = bpf_core_field_offset(struct io_kiocb, hash_node);
  const __u32 comp_list = bpf_core_field_offset(struct io_kiocb, comp_list);
  const __u32 timeout = bpf_core_field_offset(struct io_timeout, list);
  const __u32 work = bpf_core_field_offset(struct io_kiocb, io_task_work.node);

  walk_table(ring, address_of(ring, struct io_ring_ctx, cancel_table), hash_node);
  if (bpf_core_field_exists(struct io_ring_ctx___cancel_table_locked, cancel_table_locked))
    walk_table(
        ring, address_of(ring, struct io_ring_ctx___cancel_table_locked, cancel_table_locked), hash_node);
  walk_list(ring, address_of(ring, struct io_ring_ctx, timeout_list), RECORD_PLACE_TIMEOUT, timeout);
  walk_list(ring, address_of(ring, struct io_ring_ctx, ltimeout_list), RECORD_PLACE_LINK_TIMEOUT, timeout);
  if (bpf_core_field_exists(struct io_ring_ctx___cancelable, cancelable_uring_cmd))
    walk_hlist(
        ring, address_of(ring, struct io_ring_ctx___cancelable, cancelable_uring_cmd), RECORD_PLACE_COMMAND,
        hash_node);
  if (bpf_core_field_exists(struct io_ring_ctx___waitid, waitid_list))
    walk_hlist(
        ring, address_of(ring, struct io_ring_ctx___waitid, waitid_list), RECORD_PLACE_WAITID, hash_node);
  if (bpf_core_field_exists(struct io_ring_ctx___futex, futex_list))
    walk_hlist(ring, address_of(ring, struct io_ring_ctx___futex, futex_list), RECORD_PLACE_FUTEX, hash_node);
  if (bpf_core_field_exists(struct io_kiocb___iopoll_node, iopoll_node))
    walk_list(
        ring, address_of(ring, struct io_ring_ctx___iopoll_double, iopoll_list), RECORD_PLACE_IOPOLL,
        bpf_core_field_offset(struct io_kiocb___iopoll_node, iopoll_node));
  else
    walk_work_list(
        ring, address_of(ring, struct io_ring_ctx___iopoll_single, iopoll_list), RECORD_PLACE_IOPOLL,
        comp_list);

  /* deferred requests: the list's nodes are io_defer_entry */
  begin_walk(ring, RECORD_PLACE_DEFERRED, 0);
  walk.end = address_of(ring, struct io_ring_ctx, defer_list);
  walk.is_double = 1;
  walk.is_entry = 1;
  run_walk_from(walk.end);

  if (bpf_core_field_exists(struct io_ring_ctx___work_mpscq, work_head)) {
    begin_walk(ring, RECORD_PLACE_TASK_WORK, work);
    walk.stub = address_of(ring, struct io_ring_ctx___work_mpscq, work_list.stub);
    run_walk_from(address_of(ring, struct io_ring_ctx___work_mpscq, work_head));
  } else {
    walk_single(
        ring, address_of(ring, struct io_ring_ctx___work_llist, work_llist), RECORD_PLACE_TASK_WORK, work);
  }
  if (bpf_core_field_exists(struct io_ring_ctx___retry_llist, retry_llist))
    walk_single(
        ring, address_of(ring, struct io_ring_ctx___retry_llist, retry_llist), RECORD_PLACE_TASK_WORK, work);
  return 0;
}
