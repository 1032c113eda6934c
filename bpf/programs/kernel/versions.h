/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Everything that differs between kernels. Programs outside this header test no version: they call a
 * function from here, or use a predicate from here to choose between two types from here.
 *
 * A note "6.1 | 6.12" names the last tested kernel before a change and the first tested kernel with it, by BTF or
 * by source; the tested kernels are 6.1, 6.12, 6.17, 6.18, 7.2 and 7.3. A commit id names the commit that made the
 * change; a change without an id was only observed. A suffix ___name is a flavour: the same type on kernels that
 * have these fields.
 *
 * Tracepoints whose prototype or name changed have one program per prototype (capture.bpf.c). User space
 * loads the program that matches the kernel's BTF:
 *   io_uring_submit_sqe is io_uring_submit_req        6.1 | 6.12    2ad57931db64
 *   io_uring_task_work_run without `loops`            6.1 | 6.12    4c98b89175a2
 *   io_uring_complete with a struct io_uring_cqe *    6.12 | 6.17   2946f08ae9ed
 *   tracepoints run with preemption on (twins.h)      6.18 | 7.2
 *
 * Fields whose size changed need no type here, because CO-RE reads them by size:
 *   io_kiocb.flags, 32 to 64 bits                     6.1 | 6.12    4bcb982cce74
 *   io_mapped_ubuf.len, 32 to 64 bits                 6.18 | 7.2
 *   ublk_queue.q_id, an int, 16 bits on 7.3
 *
 * SQE groups and local buffers are patch series, in no release: capture/sqe_group.h, capture/local_buffer.h.
 */
#pragma once
#include "kernel/cast.h"
#include "kernel/commands.h"
#include "kernel/rings.h"
#include "kernel/sockets.h"
#include "kernel/workers.h"

/*
 * Returns the ring of a request that the tracepoint passes. Uses a cast rather than `req->ctx` where possible: from 6.4
 * on, the verifier searches all kernel types by name twice for each load of a pointer through a trusted pointer. That
 * takes a millisecond.
 */
static __always_inline struct io_ring_ctx *ring_of(struct io_kiocb *req) {
  return config.can_cast ? rdonly_cast(req, struct io_kiocb)->ctx : req->ctx;
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Files */

/*
 * The reference counter of a file changes its type: 6.12 | 6.17, 90ee6ed776c0. The value of the new counter is one less
 * than the number of references.
 */
struct file___count {
  atomic64_t f_count;
};

typedef struct {
  atomic64_t refcnt;
} file_ref_t;

struct file___ref {
  file_ref_t f_ref;
};

/* Registered buffers and files */

/* Each slot gets a node, which counts the requests that hold it: 6.12 | 6.17, 7029acd8a950 and 3597f2786b68. */
struct io_kiocb___imu {
  struct io_mapped_ubuf *imu;
};

struct io_rsrc_data___tags {
  __u64 **tags;
};

struct io_fixed_file {
  unsigned long file_ptr;
};

struct io_file_table___slots {
  struct io_fixed_file *files;
};

struct io_ring_ctx___tables_by_count {
  unsigned int nr_user_files;
  unsigned int nr_user_bufs;
  struct io_mapped_ubuf **user_bufs;
  struct io_rsrc_data___tags *buf_data;
  struct io_file_table___slots file_table;
};

/*
 * The length of a buffer replaces its end: 6.1 | 6.12, 9753c642a53b. The length has 32 bits up to 6.18, 64 bits from
 * 7.2.
 */
struct io_mapped_ubuf___end {
  __u64 ubuf_end;
};

/* Kernel buffers: 6.12 | 6.17, 27cb27b6d5ea. A bool marks them up to 6.18, a flag from 7.2. */
struct io_mapped_ubuf___kbuf {
  bool is_kbuf;
};

struct io_mapped_ubuf___flags {
  __u8 flags;
};
#define IO_REGBUF_F_KBUF 1

/* Provided buffers */

/* The array of the first buffer groups is removed: 6.1 | 6.12, 09ab7eff3820. */
struct io_ring_ctx___first_groups {
  struct io_buffer_list *io_bl;
};
#define FIRST_GROUPS 64 /* BGID_ARRAY */

struct io_buffer_list {
  struct list_head buf_list; /* in a union with buf_ring */
  struct io_uring_buf_ring *buf_ring;
  __u16 bgid;
  __u16 head;
  __u16 mask;
};

/* A flag marks a group as a buffer ring: 6.1 | 6.12, a69307a55454. On 6.1 a number of pages above 0 marks it. */
struct io_buffer_list___flags {
  __u16 flags;
};
#define IOBL_BUF_RING 1

struct io_buffer_list___pages {
  __u16 buf_nr_pages;
};

/* The count of the buffers in buf_list: 6.12 | 6.17. */
struct io_buffer_list___counted {
  int nbufs;
};

/* Requests and their owners */

/* The owner of a request changes from a task to an io_uring_task: 6.12 | 6.17, b6f58a3f4aa8. */
struct io_kiocb___task {
  struct task_struct *task;
};

struct io_kiocb___tctx {
  struct io_uring_task *tctx;
};

struct io_uring_task___task {
  struct task_struct *task;
};

/* The length of a timeout changes from a timespec64 to a ktime_t: 6.18 | 7.2. */
struct hrtimer {
  __s64 _softexpires;
};

struct timespec64 {
  __s64 tv_sec;
  long tv_nsec;
};

struct io_timeout_data {
  struct hrtimer timer;
  struct timespec64 ts;
  __u32 flags;
};

struct io_timeout_data___ktime {
  __s64 time;
};

/* Notifications of sends whose data shares a packet are chained: 6.1 | 6.12. */
struct io_notif_data___chain {
  struct io_notif_data *next;
  struct io_notif_data *head;
};

/* Lists of a ring */

/* 6.1 has a second list of free requests. */
struct io_ring_ctx___locked_free_list {
  struct io_wq_work_list locked_free_list;
};

/*
 * With DEFER_TASKRUN the waiter is not in cq_wait; cq_wait_nr is the number of CQEs that the waiter lacks: 6.1 | 6.12.
 */
struct io_ring_ctx___wait_by_count {
  atomic_t cq_wait_nr;
};

/* Polls of the ring's descriptor move from cq_wait to a queue of their own: 6.1 | 6.12. */
struct io_ring_ctx___poll_queue {
  struct wait_queue_head poll_wq;
};

/* eventfd_async is a one-bit field up to 6.1. */
struct io_ev_fd {
  struct eventfd_ctx *cq_ev_fd;
  unsigned int eventfd_async;
};

/* One table of polled requests replaces two: 6.12 | 6.17, 085268829b07. */
struct io_ring_ctx___cancel_table_locked {
  struct io_hash_table cancel_table_locked;
};

/* The list of cancellable URING_CMDs: 6.1 | 6.12, 93b8cc60c37b. */
struct io_ring_ctx___cancelable {
  struct hlist_head cancelable_uring_cmd;
};

/* The list of WAITID requests: 6.1 | 6.12, f31ecf671ddc. */
struct io_ring_ctx___waitid {
  struct hlist_head waitid_list;
};

/* The list of FUTEX requests: 6.1 | 6.12, 194bb58c6090. */
struct io_ring_ctx___futex {
  struct hlist_head futex_list;
};

/* The list of polled disk requests becomes doubly linked: 6.18 | 7.2, 3c7d76d6128a. */
struct io_ring_ctx___iopoll_single {
  struct io_wq_work_list iopoll_list;
};

struct io_ring_ctx___iopoll_double {
  struct list_head iopoll_list;
};

struct io_kiocb___iopoll_node {
  struct list_head iopoll_node;
};

/* The list of task work left over when a run reached its limit: 6.12 | 6.17, f46b9cdb22f7; not in 7.2. */
struct io_ring_ctx___retry_llist {
  struct llist_head retry_llist;
};

/* Task work moves to an ordered queue, whose stub entry belongs to no request: 6.18 | 7.2, de7341ffe49e for tasks. */
struct mpscq {
  struct llist_node *tail;
  struct llist_node stub;
};

struct io_ring_ctx___work_llist {
  struct llist_head work_llist;
};

struct io_ring_ctx___work_mpscq {
  struct llist_node *work_head;
  struct mpscq work_list;
};

struct io_uring_task___llist {
  struct llist_head task_list;
};

struct io_uring_task___mpscq {
  struct llist_node *task_head;
  struct mpscq task_list;
};

/* The count of a ring's allocated requests: 6.12 | 6.17. */
struct io_ring_ctx___allocated {
  unsigned int nr_req_allocated;
};

/* The count of CQEs without a request, which drain needs: until 6.12. */
struct io_ring_ctx___cq_extra {
  unsigned int cq_extra;
};

/* io-wq */

/* Queues move from each NUMA node of the pool to the pool: 6.1 | 6.12, dfd63baf892c and eb47943f2238. */
struct io_wqe_acct {
  struct io_wq_work_list work_list;
};

struct io_wqe {
  struct io_wqe_acct acct[2];
};

struct io_wq___nodes {
  struct io_wqe *wqes[1];
};

/* Work that a worker has taken and not begun: in 6.1 and 7.3, not in 6.12 (24c3fc5c75c5). */
struct io_worker___next {
  struct io_wq_work *next_work;
};

#pragma clang attribute pop

/* Predicates */

static __always_inline bool requests_have_nodes(void) {
  return bpf_core_field_exists(struct io_kiocb, buf_node);
}

static __always_inline bool buffers_have_release(void) {
  return bpf_core_field_exists(struct io_mapped_ubuf, release);
}

/* True if io_mapped_ubuf counts the rings that share it: 6.1 | 6.12, bfc0aa7a512f. */
static __always_inline bool buffers_count_sharers(void) {
  return bpf_core_field_exists(struct io_mapped_ubuf, refs);
}

/* Files */

/* Returns the number of references to a file, including the one that a running task_file iterator holds. */
static __always_inline __u64 references_to(struct file *file) {
  if (bpf_core_field_exists(struct file___ref, f_ref))
    return BPF_CORE_READ((struct file___ref *)file, f_ref.refcnt.counter) + 1;
  return BPF_CORE_READ((struct file___count *)file, f_count.counter);
}

/* Registered buffers and files */

static __always_inline __u64 buffer_length(void *buffer, __u64 address) {
  if (bpf_core_field_exists(struct io_mapped_ubuf___end, ubuf_end))
    return BPF_CORE_READ((struct io_mapped_ubuf___end *)buffer, ubuf_end) - address;
  /* CO-RE gives a direct load the size that the field has in the running kernel */
  return rdonly_cast(buffer, struct io_mapped_ubuf)->len;
}

static __always_inline bool buffer_is_of_kernel(void *buffer) {
  if (bpf_core_field_exists(struct io_mapped_ubuf___kbuf, is_kbuf))
    return LOAD(buffer, struct io_mapped_ubuf___kbuf, is_kbuf);
  return !!(LOAD(buffer, struct io_mapped_ubuf___flags, flags) & IO_REGBUF_F_KBUF);
}

static __always_inline __u32 registered_buffer_count(struct io_ring_ctx *ring) {
  if (requests_have_nodes())
    return BPF_CORE_READ(ring, buf_table.nr);
  return BPF_CORE_READ((struct io_ring_ctx___tables_by_count *)ring, nr_user_bufs);
}

static __always_inline __u32 registered_file_count(struct io_ring_ctx *ring) {
  if (requests_have_nodes())
    return BPF_CORE_READ(ring, file_table.data.nr);
  return BPF_CORE_READ((struct io_ring_ctx___tables_by_count *)ring, nr_user_files);
}

#define FILE_FLAGS 7ULL /* in the low bits of a pointer to a registered file */

/*
 * Returns the address of the array of registered files. Its entries are pointers to nodes, or to files with flags in
 * the low bits.
 */
static __always_inline __u64 registered_file_slots(struct io_ring_ctx *ring) {
  if (requests_have_nodes())
    return (__u64)BPF_CORE_READ(ring, file_table.data.nodes);
  return (__u64)BPF_CORE_READ((struct io_ring_ctx___tables_by_count *)ring, file_table.files);
}

/* Provided buffers */

static __always_inline bool group_is_ring(struct io_buffer_list *group) {
  if (bpf_core_field_exists(struct io_buffer_list___flags, flags))
    return BPF_CORE_READ((struct io_buffer_list___flags *)group, flags) & IOBL_BUF_RING;
  return BPF_CORE_READ((struct io_buffer_list___pages *)group, buf_nr_pages) != 0;
}

/* True if groups can exist before they have buffers (6.1: those of the array). */
static __always_inline bool groups_exist_unused(void) {
  return !bpf_core_field_exists(struct io_buffer_list___flags, flags);
}

/* io-wq */

static __always_inline bool work_queues_are_per_node(void) {
  return bpf_core_field_exists(struct io_wq___nodes, wqes);
}

/*
 * True for an SQE that takes two entries. On a ring with SQE_MIXED these are NOP128 and URING_CMD128, whose SQEs have
 * 128 bytes: 6.18 | 7.2.
 */
static __always_inline bool takes_two_entries(__u32 setup_flags, __u8 opcode) {
  return (setup_flags & IORING_SETUP_SQE_MIXED) && !(setup_flags & IORING_SETUP_SQE128) &&
         bpf_core_enum_value_exists(enum io_uring_op, IORING_OP_NOP128) &&
         (opcode == bpf_core_enum_value(enum io_uring_op, IORING_OP_NOP128) ||
          opcode == bpf_core_enum_value(enum io_uring_op, IORING_OP_URING_CMD128));
}
