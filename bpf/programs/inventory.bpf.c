// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The inventory: iterators that find the requests in flight now, by walking the kernel's own structures. They also find
 * requests that were submitted before uringtop attached. User space runs them when it starts and on request.
 *
 * The walk over each kernel structure has its own header. All walks are in one BPF object because they write to the
 * same output slots, and most of them use the list walk of walk.h.
 */
#include "common/registered_rings.h"
#include "inventory/balance.h"
#include "inventory/disks.h"
#include "inventory/notifications.h"
#include "inventory/provided_groups.h"
#include "inventory/registered_files.h"
#include "inventory/ring_lists.h"
#include "inventory/ring_queues.h"
#include "inventory/workers.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__noinline int walk_ring(__u64 key) {
  __u32 *pass = bpf_map_lookup_elem(&targets, &key);
  if (!pass || *pass == inventory.pass)
    return 0;
  *pass = inventory.pass;
  __u32 broken = inventory.broken;
  __u32 balance = write_balance(key);
  walk_ns = bpf_ktime_get_ns();
  walk_queues(key);
  walk_files(key);
  walk_groups(key);
  walk_parked(key);
  if (inventory.broken != broken || is_locked((struct io_ring_ctx *)key))
    void_balance(balance);
  inventory.broken = broken;
  return 0;
}

SEC("iter/task_file")
int inventory_rings(struct bpf_iter__task_file *ctx) {
  struct task_struct *task = ctx->task;
  struct file *file = ctx->file;
  if (!task || !file)
    return 0;
  __u32 tgid = tgid_of(task);
  walk_ns = bpf_ktime_get_ns();
  if ((__u64)file->f_op == inventory.ring_file_operations)
    walk_ring((__u64)BPF_CORE_READ(file, private_data));
  else if (!inventory.looks_at_files || !bpf_map_lookup_elem(&owners, &tgid))
    return 0;
  else if (is_socket(file))
    walk_sender(number_of((__u64)file), tgid, ctx->fd);
  else
    walk_device_of_file(file);
  return 0;
}

/* Finds a descriptor for each file in sought_files. Runs after the walks. */
SEC("iter/task_file")
int inventory_descriptors(struct bpf_iter__task_file *ctx) {
  struct task_struct *task = ctx->task;
  __u64 file = (__u64)ctx->file;
  if (!task || !file)
    return 0;
  __u64 *descriptor = bpf_map_lookup_elem(&sought_files, &file);
  if (descriptor && *descriptor == NO_DESCRIPTOR)
    *descriptor = (__u64)tgid_of(task) << 32 | ctx->fd;
  return 0;
}

SEC("iter/task")
int inventory_tasks(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task)
    return 0;
  walk_ns = bpf_ktime_get_ns();
  if (BPF_CORE_READ(task, flags) & PF_IO_WORKER) {
    struct io_worker *worker = BPF_CORE_READ(task, worker_private);
    /* an SQ thread (iou-sqp) also has the flag, but no worker */
    if (worker)
      walk_worker(task, worker);
  }
  struct io_uring_task *tctx = task->io_uring;
  if (!tctx)
    return 0;
  struct io_wq *pool = BPF_CORE_READ(tctx, io_wq);
  if (pool)
    walk_work_queues(pool);
  walk_task_work(tctx);
  return 0;
}

static __always_inline void walk_registered(
    struct seq_file *seq, struct task_struct *task, struct file *file) {
  if (file && (__u64)file->f_op == inventory.ring_file_operations)
    walk_ring((__u64)BPF_CORE_READ(file, private_data));
}

SEC("iter/task")
int inventory_registered(struct bpf_iter__task *ctx) {
  for_each_registered(ctx, walk_registered);
  return 0;
}
