// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Iterators that find the rings that tasks have open or only registered. They report the rings' fill levels, waiters
 * and registered buffers, and which requests of the rings are free. User space runs them about once a second.
 */
#define CLAIMS_ATOMICALLY 1
#include "common/buffer_table.h"
#include "common/last_run.h"
#include "common/pids.h"
#include "common/registered_rings.h"
#include "kernel/versions.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The f_op of ring files. User space reads it from a ring that it creates, and sets it here: without KALLSYMS_ALL,
 * io_uring_fops is not available as an extern ksym.
 */
__u64 ring_file_operations = 0;

/* True for a task of the process that reads the iterator. Iterators run in the reading task. */
static __always_inline bool is_reader(struct task_struct *task) {
  return (__u32)task->tgid == bpf_get_current_pid_tgid() >> 32;
}

/* Writes the f_op of each descriptor of the reading process. */
SEC("iter/task_file")
int learn_file_operations(struct bpf_iter__task_file *ctx) {
  struct task_struct *task = ctx->task;
  struct file *file = ctx->file;
  if (!task || !file || !is_reader(task))
    return 0;
  struct {
    __u64 file_operations;
    __u64 fd;
  } seen = {(__u64)file->f_op, ctx->fd};
  bpf_seq_write(ctx->meta->seq, &seen, sizeof(seen));
  return 0;
}

static __always_inline bool is_ring(struct file *file) {
  return file && (__u64)file->f_op == ring_file_operations;
}

static __always_inline void count_registered(struct io_ring_ctx *ring, struct probe_sighting *sighting) {
  sighting->nr_files = registered_file_count(ring);
  sighting->nr_bufs = registered_buffer_count(ring);
}

/* Fill levels and waiters */

#define MAX_WAITERS 64
/* Value of cq_wait_nr while a wake-up is forced (io_uring/io_uring.h). While no task waits, cq_wait_nr is -1. */
#define IO_CQ_WAKE_FORCE 0x7fffffffU

/* State of the ring being examined. It is not on the stack, so that the verifier checks each step only once. */
struct {
  __u64 ring;
  __u64 entry;
  __u64 end;
  __u64 waiter;
  __u32 sq_pending;
  __u32 cq_pending;
  __u32 is_overflowed;
  __u32 waiters;
  __u32 missing;
  __u32 is_polled;
} depth = {};

static long waiter_step(__u32 index, void *unused) {
  struct list_head *entry = (void *)depth.entry;
  if (!entry || depth.entry == depth.end)
    return 1;
  struct io_wait_queue *waiter = (void *)entry - bpf_core_field_offset(struct io_wait_queue, wq.entry);
  struct io_ring_ctx *ring = (void *)depth.ring;
  /* on 6.1 polls of the ring's descriptor are in the same queue; their entries are not an io_wait_queue */
  if ((__u64)BPF_CORE_READ(waiter, ctx) == depth.ring) {
    if (!depth.waiters) {
      depth.waiter = (__u64)BPF_CORE_READ(waiter, wq.private);
      __s32 missing = BPF_CORE_READ(waiter, cq_tail) - BPF_CORE_READ(ring, cached_cq_tail);
      depth.missing = missing > 0 ? missing : 0;
    }
    depth.waiters++;
  } else {
    depth.is_polled = 1;
  }
  depth.entry = (__u64)BPF_CORE_READ(entry, next);
  return 0;
}

/* A global function that takes the address as a number, so that the verifier checks it once, not at each call. */
__noinline int look_at_depth(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  struct io_rings *rings = BPF_CORE_READ(ring, rings);
  __u32 flags = BPF_CORE_READ(ring, flags);
  depth.ring = address;
  depth.waiter = 0;
  depth.waiters = 0;
  depth.missing = 0;
  depth.is_polled = 0;
  depth.sq_pending = BPF_CORE_READ(rings, sq.tail) - BPF_CORE_READ(rings, sq.head);
  depth.cq_pending = BPF_CORE_READ(rings, cq.tail) - BPF_CORE_READ(rings, cq.head);
  /*
   * The application writes sq.tail and cq.head, so their values can be wrong. With SQ_REWIND (7.2) every submission
   * starts at 0, so the tail has no meaning.
   */
  if (depth.sq_pending > BPF_CORE_READ(ring, sq_entries) || flags & IORING_SETUP_SQ_REWIND)
    depth.sq_pending = 0;
  if (depth.cq_pending > BPF_CORE_READ(ring, cq_entries))
    depth.cq_pending = 0;
  depth.is_overflowed = BPF_CORE_READ(ring, check_cq) & 1;

  if (bpf_core_field_exists(struct io_ring_ctx___poll_queue, poll_wq)) {
    __u64 polls = address + bpf_core_field_offset(struct io_ring_ctx___poll_queue, poll_wq.head);
    __u64 first = (__u64)BPF_CORE_READ((struct io_ring_ctx___poll_queue *)ring, poll_wq.head.next);
    depth.is_polled = first && first != polls;
  }
  struct io_ring_ctx___wait_by_count *counts = (void *)ring;
  if ((flags & IORING_SETUP_DEFER_TASKRUN) && bpf_core_field_exists(counts->cq_wait_nr)) {
    __u32 missing = BPF_CORE_READ(counts, cq_wait_nr.counter);
    if (missing && missing < IO_CQ_WAKE_FORCE) {
      depth.waiter = (__u64)BPF_CORE_READ(ring, submitter_task);
      depth.waiters = 1;
      depth.missing = missing;
    }
    return 0;
  }
  depth.entry = (__u64)BPF_CORE_READ(ring, cq_wait.head.next);
  depth.end = address + bpf_core_field_offset(struct io_ring_ctx, cq_wait.head);
  bpf_loop(MAX_WAITERS, waiter_step, NULL, 0);
  return 0;
}

/* Global for the same reason as look_at_depth. */
__noinline __u32 tid_at(__u64 task) {
  return task ? tid_of((struct task_struct *)task) : 0;
}

__noinline __u32 tgid_at(__u64 task) {
  return task ? tgid_of((struct task_struct *)task) : 0;
}

__noinline __u64 ran_until_at(__u64 task) {
  return task ? ran_until((struct task_struct *)task) : 0;
}

/* Returns the user_data of the oldest CQE in the queue. */
static __always_inline __u64 oldest_user_data(struct io_ring_ctx *ring, __u32 flags) {
  struct io_rings *rings = BPF_CORE_READ(ring, rings);
  __u32 entry = BPF_CORE_READ(rings, cq.head) & (BPF_CORE_READ(ring, cq_entries) - 1);
  __u64 size = flags & IORING_SETUP_CQE32 ? 32 : 16;
  struct io_uring_cqe *cqe = (void *)rings + bpf_core_field_offset(struct io_rings, cqes) + entry * size;
  return BPF_CORE_READ(cqe, user_data);
}

static __always_inline void look_at_eventfd(struct io_ring_ctx *ring, struct probe_sighting *sighting) {
  struct io_ev_fd *eventfd = BPF_CORE_READ(ring, io_ev_fd);
  if (!eventfd)
    return;
  sighting->eventfd =
      BPF_CORE_READ_BITFIELD_PROBED(eventfd, eventfd_async) ? RECORD_EVENTFD_ASYNC : RECORD_EVENTFD_ALL;
  sighting->eventfd_context = (__u64)BPF_CORE_READ(eventfd, cq_ev_fd);
}

__noinline __u32 is_in_iowait(__u64 task) {
  return task ? BPF_CORE_READ_BITFIELD_PROBED((struct task_struct *)task, in_iowait) : 0;
}

static __always_inline void report_ring(
    struct seq_file *seq, struct task_struct *task, struct file *file, __s32 fd) {
  struct io_ring_ctx *ring = BPF_CORE_READ(file, private_data);
  struct probe_sighting sighting = {
      .ctx = (__u64)ring,
      .tgid = tgid_of(task),
      .fd = fd,
      .sq_entries = BPF_CORE_READ(ring, sq_entries),
      .cq_entries = BPF_CORE_READ(ring, cq_entries),
      .flags = BPF_CORE_READ(ring, flags),
  };
  if (sighting.flags & IORING_SETUP_SQPOLL) {
    struct task_struct *thread = BPF_CORE_READ(ring, sq_data, thread);
    if (thread)
      sighting.sq_thread_tid = tid_of(thread);
    sighting.sq_thread_idle = BPF_CORE_READ(ring, sq_data, sq_thread_idle);
    sighting.jiffies = bpf_jiffies64();
  }
  count_registered(ring, &sighting);
  look_at_depth((__u64)ring);
  sighting.sq_pending = depth.sq_pending;
  sighting.cq_pending = depth.cq_pending;
  sighting.is_overflowed = depth.is_overflowed;
  sighting.is_polled = depth.is_polled;
  look_at_eventfd(ring, &sighting);
  sighting.sq_taken = BPF_CORE_READ(ring, cached_sq_head);
  sighting.cq_posted = BPF_CORE_READ(ring, cached_cq_tail);
  sighting.cq_head = BPF_CORE_READ(ring, rings, cq.head);
  if (depth.cq_pending)
    sighting.oldest_user_data = oldest_user_data(ring, sighting.flags);
  sighting.waiters = depth.waiters;
  sighting.waiter_tid = tid_at(depth.waiter);
  sighting.waiter_tgid = tgid_at(depth.waiter);
  sighting.waiter_missing = depth.missing;
  sighting.waiter_ran_ns = ran_until_at(depth.waiter);
  if (sighting.flags & IORING_SETUP_SINGLE_ISSUER)
    sighting.submitter_tid = tid_at((__u64)BPF_CORE_READ(ring, submitter_task));
  sighting.waiter_in_iowait = is_in_iowait(depth.waiter);
  if (sighting.sq_thread_tid)
    sighting.sq_thread_sleeps = BPF_CORE_READ(ring, rings, sq_flags.counter) & IORING_SQ_NEED_WAKEUP;
  struct mm_struct *mm = task->mm;
  sighting.is_creator = mm && mm == BPF_CORE_READ(ring, mm_account);
  BPF_CORE_READ_INTO(&sighting.comm, task, group_leader, comm);
  bpf_seq_write(seq, &sighting, sizeof(sighting));
}

/*
 * Reports every descriptor that refers to a ring. This includes descriptors of the reading process (uringtop), which
 * can serve a ublk device.
 */
SEC("iter/task_file")
int find_rings(struct bpf_iter__task_file *ctx) {
  struct task_struct *task = ctx->task;
  struct file *file = ctx->file;
  if (task && is_ring(file))
    report_ring(ctx->meta->seq, task, file, ctx->fd);
  return 0;
}

static __always_inline void report_registered(
    struct seq_file *seq, struct task_struct *task, struct file *file) {
  if (is_ring(file))
    report_ring(seq, task, file, -1);
}

SEC("iter/task")
int find_registered_rings(struct bpf_iter__task *ctx) {
  for_each_registered(ctx, report_registered);
  return 0;
}

/* Workers of io-wq */

SEC("iter/task")
int list_workers(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task || !(BPF_CORE_READ(task, flags) & PF_IO_WORKER))
    return 0;
  struct io_worker *worker = BPF_CORE_READ(task, worker_private);
  /* an SQ thread (iou-sqp) also has the flag, but no worker */
  if (!worker)
    return 0;
  struct probe_worker seen = {
      .tid = tid_of(task), .tgid = tgid_of(task), .is_idle = !BPF_CORE_READ(worker, cur_work)};
  bpf_seq_write(ctx->meta->seq, &seen, sizeof(seen));
  return 0;
}

/* Free lists */

#define MAX_FREE_STEPS (1 << 17)

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct probe_suspects);
} suspects SEC(".maps");

/*
 * State of the walk over a free list. Global, because only one walk runs at a time, and so that the verifier checks
 * each step once.
 */
struct io_wq_work_node *walk_node = NULL;
__u64 walk_ring = 0;

static __always_inline void mark_free(struct probe_suspects *table, __u64 req) {
  __u32 home = PROBE_HASH(req, PROBE_SUSPECT_BITS);
  for (int i = 0; i < PROBE_SUSPECT_PROBES; i++) {
    __u32 slot = (home + i) & (PROBE_SUSPECT_SLOTS - 1);
    __u64 entry = table->slots[slot];
    if (!entry)
      return;
    if ((entry & ~1ULL) == req) {
      table->slots[slot] = req | 1;
      return;
    }
  }
}

static long free_step(__u32 index, void *unused) {
  struct io_wq_work_node *node = walk_node;
  if (!node)
    return 1;
  __u32 zero = 0;
  struct probe_suspects *table = bpf_map_lookup_elem(&suspects, &zero);
  if (!table)
    return 1;
  struct io_kiocb *req = (void *)node - bpf_core_field_offset(struct io_kiocb, comp_list);
  /* no lock is held: a request allocated meanwhile has a link that leads off the free list */
  if ((__u64)BPF_CORE_READ(req, ctx) != walk_ring)
    return 1;
  mark_free(table, (__u64)req);
  walk_node = BPF_CORE_READ(node, next);
  return 0;
}

/*
 * Claims a ring for a walk. False if the ring is not in `suspects`, or was already claimed through another descriptor.
 */
static __always_inline bool take_ring(struct probe_suspects *table, __u64 ring) {
  for (int i = 0; i < PROBE_SUSPECT_RINGS; i++) {
    if (!table->rings[i])
      return false;
    if (table->rings[i] == ring) {
      table->rings[i] = ring | 1;
      return true;
    }
  }
  return false;
}

/* Writes records of a ring's registered buffers to the transport, in order with the tracepoints' records. */
static __always_inline void list_buffers_of(struct file *file) {
  __u32 zero = 0;
  struct probe_suspects *table = bpf_map_lookup_elem(&suspects, &zero);
  struct io_ring_ctx *ring = file->private_data;
  if (table && take_ring(table, (__u64)ring))
    emit_table(ring, ALL_SLOTS, 0, ALL_SLOTS);
}

SEC("iter/task_file")
int list_buffers(struct bpf_iter__task_file *ctx) {
  struct file *file = ctx->file;
  if (is_ring(file))
    list_buffers_of(file);
  return 0;
}

static __always_inline void list_registered(
    struct seq_file *seq, struct task_struct *task, struct file *file) {
  if (is_ring(file))
    list_buffers_of(file);
}

SEC("iter/task")
int list_registered_buffers(struct bpf_iter__task *ctx) {
  for_each_registered(ctx, list_registered);
  return 0;
}

static __always_inline void walk_free_lists(struct file *file) {
  __u32 zero = 0;
  struct probe_suspects *table = bpf_map_lookup_elem(&suspects, &zero);
  struct io_ring_ctx *ring = file->private_data;
  if (!table || !take_ring(table, (__u64)ring))
    return;
  walk_ring = (__u64)ring;
  walk_node = BPF_CORE_READ(ring, submit_state.free_list.next);
  bpf_loop(MAX_FREE_STEPS, free_step, NULL, 0);
  if (bpf_core_field_exists(struct io_ring_ctx___locked_free_list, locked_free_list)) {
    struct io_ring_ctx___locked_free_list *old = (void *)ring;
    walk_node = BPF_CORE_READ(old, locked_free_list.first);
    bpf_loop(MAX_FREE_STEPS, free_step, NULL, 0);
  }
}

SEC("iter/task_file")
int find_free(struct bpf_iter__task_file *ctx) {
  struct file *file = ctx->file;
  if (is_ring(file))
    walk_free_lists(file);
  return 0;
}

static __always_inline void walk_registered(
    struct seq_file *seq, struct task_struct *task, struct file *file) {
  if (is_ring(file))
    walk_free_lists(file);
}

SEC("iter/task")
int find_free_registered(struct bpf_iter__task *ctx) {
  for_each_registered(ctx, walk_registered);
  return 0;
}
