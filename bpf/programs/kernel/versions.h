/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Everything that differs between kernels. Programs outside this header test no version: they call a
 * function from here, or use a predicate from here to choose between two types from here.
 *
 * The notation "old release | new release": "6.1 | 6.12" after a change means that 6.1 is the last tested kernel
 * without the change and 6.12 the first tested kernel with it. The tested kernels are 6.1, 6.12, 6.17, 6.18, 7.2 and
 * 7.3, compared by BTF or source. A commit id names the commit that made the change. A change without a commit id was
 * only observed. A type with the suffix ___name is a CO-RE flavour: the kernel's type on kernels that have its fields.
 *
 * Tracepoints whose name or prototype changed have one program per prototype (capture.bpf.c). User space
 * loads the program that matches the kernel's BTF. The changes:
 *   io_uring_submit_sqe is renamed io_uring_submit_req                6.1 | 6.12    2ad57931db64
 *   io_uring_task_work_run loses its argument `loops`                 6.1 | 6.12    4c98b89175a2
 *   io_uring_complete passes a struct io_uring_cqe *, not its values  6.12 | 6.17   2946f08ae9ed
 * Programs on tracepoints can be preempted: 6.18 | 7.2. Some tracepoints therefore get a second program (twins.h).
 *
 * Fields whose size changed need no type here, because CO-RE reads each field with its size in the running kernel:
 *   io_kiocb.flags grows from 32 to 64 bits                           6.1 | 6.12    4bcb982cce74
 *   io_mapped_ubuf.len grows from 32 to 64 bits                       6.18 | 7.2
 *   ublk_queue.q_id is an int (32 bits), but has 16 bits on 7.3
 *
 * SQE groups and local buffers exist only as patch series: see capture/sqe_group.h and capture/local_buffer.h.
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

/*
 * 6.17 and later keep an io_rsrc_node for each registered buffer and file, and count in it the requests that hold the
 * buffer or file: 6.12 | 6.17, 7029acd8a950 and 3597f2786b68. The types below are those of older kernels.
 */
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
 * io_mapped_ubuf has the buffer's length instead of its end address: 6.1 | 6.12, 9753c642a53b. The length has 32 bits
 * up to 6.18, 64 bits from 7.2.
 */
struct io_mapped_ubuf___end {
  __u64 ubuf_end;
};

/* Kernel buffers, which drivers lend, are added: 6.12 | 6.17, 27cb27b6d5ea. A flag replaces `is_kbuf`: 6.18 | 7.2. */
struct io_mapped_ubuf___kbuf {
  bool is_kbuf;
};

struct io_mapped_ubuf___flags {
  __u8 flags;
};
#define IO_REGBUF_F_KBUF 1

/* Provided buffers */

/* The array of a ring's buffer groups with the ids 0 to 63 is removed: 6.1 | 6.12, 09ab7eff3820. */
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

/* A flag marks buffer rings: 6.1 | 6.12, a69307a55454. On 6.1 a group is a buffer ring if buf_nr_pages is not 0. */
struct io_buffer_list___flags {
  __u16 flags;
};
#define IOBL_BUF_RING 1

struct io_buffer_list___pages {
  __u16 buf_nr_pages;
};

/* A field with the number of buffers in buf_list is added: 6.12 | 6.17. */
struct io_buffer_list___counted {
  int nbufs;
};

/* Requests and their owners */

/* A request's pointer to its owner changes from a task_struct to an io_uring_task: 6.12 | 6.17, b6f58a3f4aa8. */
struct io_kiocb___task {
  struct task_struct *task;
};

struct io_kiocb___tctx {
  struct io_uring_task *tctx;
};

struct io_uring_task___task {
  struct task_struct *task;
};

/* The type of a timeout's length changes from timespec64 to ktime_t: 6.18 | 7.2. */
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

/* Notifications of zero-copy sends become a chain if the data of the sends shares a packet: 6.1 | 6.12. */
struct io_notif_data___chain {
  struct io_notif_data *next;
  struct io_notif_data *head;
};

/* Lists of a ring */

/* A ring's second list of free requests is removed: 6.1 | 6.12. */
struct io_ring_ctx___locked_free_list {
  struct io_wq_work_list locked_free_list;
};

/*
 * On a ring with DEFER_TASKRUN, the task that waits for CQEs is no longer in cq_wait. Instead, cq_wait_nr has the
 * number of CQEs that this task still needs: 6.1 | 6.12.
 */
struct io_ring_ctx___wait_by_count {
  atomic_t cq_wait_nr;
};

/* Polls of the ring's descriptor move from the queue cq_wait to a separate queue, poll_wq: 6.1 | 6.12. */
struct io_ring_ctx___poll_queue {
  struct wait_queue_head poll_wq;
};

/* On 6.1 eventfd_async is a bit-field of one bit, on later kernels an entire int. */
struct io_ev_fd {
  struct eventfd_ctx *cq_ev_fd;
  unsigned int eventfd_async;
};

/* A ring's second table of polled requests is removed: 6.12 | 6.17, 085268829b07. */
struct io_ring_ctx___cancel_table_locked {
  struct io_hash_table cancel_table_locked;
};

/* A list of the ring's cancellable URING_CMDs is added: 6.1 | 6.12, 93b8cc60c37b. */
struct io_ring_ctx___cancelable {
  struct hlist_head cancelable_uring_cmd;
};

/* A list of the ring's WAITID requests is added: 6.1 | 6.12, f31ecf671ddc. */
struct io_ring_ctx___waitid {
  struct hlist_head waitid_list;
};

/* A list of the ring's FUTEX requests is added: 6.1 | 6.12, 194bb58c6090. */
struct io_ring_ctx___futex {
  struct hlist_head futex_list;
};

/* The list of requests with polled I/O (IOPOLL) becomes doubly linked: 6.18 | 7.2, 3c7d76d6128a. */
struct io_ring_ctx___iopoll_single {
  struct io_wq_work_list iopoll_list;
};

struct io_ring_ctx___iopoll_double {
  struct list_head iopoll_list;
};

struct io_kiocb___iopoll_node {
  struct list_head iopoll_node;
};

/*
 * A list of the task work that is left over when a run has reached its limit is added: 6.12 | 6.17, f46b9cdb22f7. The
 * list is removed again: 6.18 | 7.2.
 */
struct io_ring_ctx___retry_llist {
  struct llist_head retry_llist;
};

/*
 * The lists of task work become ordered queues (struct mpscq). Each queue has a stub entry, which belongs to no
 * request: 6.18 | 7.2 (de7341ffe49e for the lists of tasks).
 */
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

/* A field with the number of a ring's allocated requests is added: 6.12 | 6.17. */
struct io_ring_ctx___allocated {
  unsigned int nr_req_allocated;
};

/* The number of CQEs without a request, which the kernel needs for IOSQE_IO_DRAIN, is removed: 6.12 | 6.17. */
struct io_ring_ctx___cq_extra {
  unsigned int cq_extra;
};

/* io-wq */

/* The queues of io-wq move from its NUMA nodes to the pool itself: 6.1 | 6.12, dfd63baf892c and eb47943f2238. */
struct io_wqe_acct {
  struct io_wq_work_list work_list;
};

struct io_wqe {
  struct io_wqe_acct acct[2];
};

struct io_wq___nodes {
  struct io_wqe *wqes[1];
};

/* Work that a worker has taken and not begun. 6.1 and 7.3 have this field, 6.12 does not (24c3fc5c75c5). */
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

/* True if io_mapped_ubuf counts the rings that share the buffer. The counter is added: 6.1 | 6.12, bfc0aa7a512f. */
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
 * Returns the address of the ring's array of registered files. Each entry points to a node, or (if requests have no
 * nodes) to a file, with flags in the low bits.
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

/* True if buffer groups can exist before they have buffers, as the groups in the array on 6.1 do. */
static __always_inline bool groups_exist_unused(void) {
  return !bpf_core_field_exists(struct io_buffer_list___flags, flags);
}

/* io-wq */

static __always_inline bool work_queues_are_per_node(void) {
  return bpf_core_field_exists(struct io_wq___nodes, wqes);
}

/*
 * True for an SQE that takes two entries of the submission queue: the 128-byte SQEs of NOP128 and URING_CMD128 on a
 * ring with SQE_MIXED. Such rings are added: 6.18 | 7.2.
 */
static __always_inline bool takes_two_entries(__u32 setup_flags, __u8 opcode) {
  return (setup_flags & IORING_SETUP_SQE_MIXED) && !(setup_flags & IORING_SETUP_SQE128) &&
         bpf_core_enum_value_exists(enum io_uring_op, IORING_OP_NOP128) &&
         (opcode == bpf_core_enum_value(enum io_uring_op, IORING_OP_NOP128) ||
          opcode == bpf_core_enum_value(enum io_uring_op, IORING_OP_URING_CMD128));
}
