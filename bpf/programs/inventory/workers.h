/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Walks a task's requests that io-wq workers execute or have queued, or that wait as task work. */
#pragma once
#include "inventory/walk.h"

#define MAX_NODES 8

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, PROBE_MAX_STACKS);
  __type(key, __u32);
  __type(value, struct probe_stack);
} stacks SEC(".maps");

/* Walks the two io-wq queues (bounded and unbounded work) at an address, `size` bytes each. */
static __always_inline void walk_queue_pair(__u64 queues, __u32 size) {
  const __u32 offset = bpf_core_field_offset(struct io_kiocb, work.list);
  walk_work_list(0, queues, RECORD_PLACE_WORK_QUEUED, offset);
  walk_work_list(0, queues + size, RECORD_PLACE_WORK_QUEUED, offset);
}

/*
 * Walks the requests in the queues of a task's worker pool. Each branch computes its own addresses: the compiler must
 * not compute addresses of the branch that is not taken, whose types do not exist on the running kernel.
 */
static __always_inline void walk_work_queues(struct io_wq *pool) {
  if (work_queues_are_per_node()) {
    __u64 nodes = address_of(pool, struct io_wq___nodes, wqes);
    for (__u32 node = 0; node < MAX_NODES && node < inventory.nodes; node++) {
      __u64 queues = read_pointer(nodes + node * 8);
      if (!queues)
        continue;
      queues +=
          bpf_core_field_offset(struct io_wqe, acct) + bpf_core_field_offset(struct io_wqe_acct, work_list);
      walk_queue_pair(queues, bpf_core_type_size(struct io_wqe_acct));
    }
    return;
  }
  __u64 queues = address_of(pool, struct io_wq, acct) + bpf_core_field_offset(struct io_wq_acct, work_list);
  walk_queue_pair(queues, bpf_core_type_size(struct io_wq_acct));
}

static __always_inline void walk_task_work(struct io_uring_task *tctx) {
  const __u32 offset = bpf_core_field_offset(struct io_kiocb, io_task_work.node);
  if (bpf_core_field_exists(struct io_uring_task___mpscq, task_head)) {
    struct io_uring_task___mpscq *newer = (void *)tctx;
    begin_walk(0, RECORD_PLACE_TASK_WORK, offset);
    walk.stub = address_of(tctx, struct io_uring_task___mpscq, task_list.stub);
    run_walk_from(address_of(newer, struct io_uring_task___mpscq, task_head));
  } else {
    walk_single(
        0, address_of(tctx, struct io_uring_task___llist, task_list.first), RECORD_PLACE_TASK_WORK, offset);
  }
}

static __always_inline void write_stack(struct task_struct *task, __u64 ring, __u64 req) {
  __u32 index = inventory.stacks++;
  struct probe_stack *stack = bpf_map_lookup_elem(&stacks, &index);
  if (!stack)
    return;
  stack->req = req;
  stack->ctx = ring;
  stack->tid = tid_of(task);
  stack->size = bpf_get_task_stack(task, stack->frames, sizeof(stack->frames), 0);
}

/* Walks the request that a worker executes, and the requests queued behind it for the same file. */
static __always_inline void walk_worker(struct task_struct *task, struct io_worker *worker) {
  __u64 work = (__u64)BPF_CORE_READ(worker, cur_work);
  if (work) {
    __u32 used = inventory.used;
    begin_walk(0, RECORD_PLACE_WORK_RUNNING, bpf_core_field_offset(struct io_kiocb, work.list));
    walk.node = work;
    walk.tid = tid_of(task);
    walk.is_worker = 1;
    run_walk();
    if (inventory.used != used) {
      __u64 req = work - bpf_core_field_offset(struct io_kiocb, work);
      write_stack(task, read_pointer(req + bpf_core_field_offset(struct io_kiocb, ctx)), req);
    }
  }
  if (bpf_core_field_exists(struct io_worker___next, next_work)) {
    walk_single(
        0, address_of(worker, struct io_worker___next, next_work), RECORD_PLACE_WORK_QUEUED,
        bpf_core_field_offset(struct io_kiocb, work.list));
  }
}
