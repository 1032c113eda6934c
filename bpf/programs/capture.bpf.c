// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The io_uring tracepoints, one program each: test the filter, write one record.
 *
 * Fields are read from the kernel's structs and not from the tracepoints' arguments where possible: the
 * prototypes change. Where one did, there are two programs, and user space loads the one that fits.
 */
#include "kernel_types.h"
#include "buffer_table.h"
#include "buffer_use.h"
#include "config.h"
#include "fuse_command.h"
#include "local_buffer.h"
#include "output.h"
#include "overflow.h"
#include "ring_filter.h"
#include "sqe.h"
#include "sqe_group.h"
#include "tally.h"
#include "twins.h"
#include "ublk_command.h"
#include "user_stack.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A record about a request, or a return from the program: filtered out, or the ring buffer is full. */
#define REQUEST_RECORD(name, type, kind, req) \
  struct io_ring_ctx *name##_ctx = (req)->ctx; \
  __u8 name##_opcode = (req)->opcode; \
  if (!request_passes((__u64)name##_ctx, name##_opcode)) \
    return 0; \
  if (!request_is_sampled(req)) \
    return 0; \
  struct type *name = RESERVE(type, kind, name##_ctx, req, name##_opcode); \
  if (!name) \
    return 0

/* The same about a ring. */
#define RING_RECORD(name, type, kind, ctx) \
  if (!ring_passes((__u64)(ctx))) \
    return 0; \
  struct type *name = RESERVE(type, kind, ctx, 0, RECORD_OPCODE_NONE); \
  if (!name) \
    return 0

/* Rings */

SEC("tp_btf/io_uring_create")
int BPF_PROG(create, int fd, void *ring, __u32 sq_entries, __u32 cq_entries, __u32 flags) {
  if (config.filters_rings) {
    bool passes = process_passes() && name_passes() && fd_passes(fd);
    judge_ring((__u64)ring, passes);
    if (!passes)
      return 0;
  }
  struct record_create *record =
      RESERVE(record_create, RECORD_CREATE, ring, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 0;
  struct io_ring_ctx *typed_ring = ring;
  struct task_struct *sq_thread =
      flags & IORING_SETUP_SQPOLL ? BPF_CORE_READ(typed_ring, sq_data, thread) : NULL;
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  /* with REGISTERED_FD_ONLY the number is an index into the task's registered rings */
  record->fd = flags & IORING_SETUP_REGISTERED_FD_ONLY ? -1 : fd;
  record->tgid = current_tgid();
  record->sq_entries = sq_entries;
  record->cq_entries = cq_entries;
  record->flags = flags;
  record->sq_thread_tid = sq_thread ? tid_of(sq_thread) : 0;
  BPF_CORE_READ_INTO(&record->comm, task, group_leader, comm);
  submit_record(record);
  return 0;
}

/* io_uring_rsrc_update2, io_uring_buf_reg, io_uring_clone_buffers: which slots, which group */
static __always_inline __u64 emit_register_argument(void *ring, __u32 opcode) {
  struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
#if defined(__TARGET_ARCH_x86)
  void *argument = (void *)BPF_CORE_READ(registers, dx);
  __u32 nr_args = BPF_CORE_READ(registers, r10);
#else
  void *argument = (void *)BPF_CORE_READ(registers, regs[2]);
  __u32 nr_args = BPF_CORE_READ(registers, regs[3]);
#endif
  struct record_register_argument *record =
      RESERVE(record_register_argument, RECORD_REGISTER_ARGUMENT, ring, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 0;
  record->opcode = opcode;
  record->nr_args = nr_args;
  __builtin_memset(record->words, 0, sizeof(record->words));
  bpf_probe_read_user(record->words, sizeof(record->words), argument);
  __u32 first = record->words[0];
  __u32 count = record->words[3];
  submit_record(record);
  return (__u64)count << 32 | first;
}

/* Buffers that a call changed. */
static __always_inline void note_registration(void *ring, __u32 opcode, long result) {
  switch (opcode) {
    case IORING_REGISTER_BUFFERS:
    case IORING_UNREGISTER_BUFFERS:
    case IORING_REGISTER_BUFFERS2:
      if (result >= 0)
        emit_table(ring, ALL_SLOTS, 0, opcode);
      break;
    case IORING_REGISTER_BUFFERS_UPDATE: {
      __u64 range = emit_register_argument(ring, opcode);
      if (result > 0)
        emit_table(ring, (__u32)range, result, opcode);
      break;
    }
    case IORING_REGISTER_CLONE_BUFFERS:
      emit_register_argument(ring, opcode);
      if (result >= 0)
        emit_table(ring, ALL_SLOTS, 0, opcode);
      break;
    case IORING_REGISTER_PBUF_RING:
    case IORING_UNREGISTER_PBUF_RING:
      emit_register_argument(ring, opcode);
      break;
  }
}

/* "register" is a keyword. */
SEC("tp_btf/io_uring_register")
int BPF_PROG(register_, void *ring, __u32 opcode, __u32 nr_files, __u32 nr_bufs, long result) {
  /* IORING_REGISTER_USE_REGISTERED_RING is a flag of the number */
  if (ring_passes((__u64)ring))
    note_registration(ring, opcode & ~(1U << 31), result);
  RING_RECORD(record, record_register, RECORD_REGISTER, ring);
  record->result = result;
  record->opcode = opcode;
  record->nr_files = nr_files;
  record->nr_bufs = nr_bufs;
  record->tgid = current_tgid();
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_cqring_wait")
int BPF_PROG(cqring_wait, void *ring, int min_events) {
  RING_RECORD(record, record_cqring_wait, RECORD_CQRING_WAIT, ring);
  record->min_events = min_events;
  record->tgid = current_tgid();
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_local_work_run")
int BPF_PROG(local_work_run, void *ring, int count, __u32 loops) {
  RING_RECORD(record, record_local_work_run, RECORD_LOCAL_WORK_RUN, ring);
  record->count = count;
  record->loops = loops;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_short_write")
int BPF_PROG(short_write, void *ring, __u64 pos, __u64 wanted, __u64 got) {
  RING_RECORD(record, record_short_write, RECORD_SHORT_WRITE, ring);
  record->pos = pos;
  record->wanted = wanted;
  record->got = got;
  submit_record(record);
  return 0;
}

/*
 * Names no ring: one io_uring_task serves all rings of a task. A busy SQ thread fires it with nothing run
 * in every round, a million times a second (6.12 and later): that tells nothing.
 */
static __always_inline int emit_task_work_run(void *tctx, __u32 count, __u32 loops) {
  if (!count)
    return 0;
  if (config.filters_rings && !(process_passes() && name_passes()))
    return 0;
  struct record_task_work_run *record =
      RESERVE(record_task_work_run, RECORD_TASK_WORK_RUN, 0, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 0;
  record->tctx = (__u64)tctx;
  record->count = count;
  record->loops = loops;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_task_work_run")
int BPF_PROG(task_work_run, void *tctx, __u32 count) {
  return emit_task_work_run(tctx, count, 0);
}

/* 6.1 */
SEC("tp_btf/io_uring_task_work_run")
int BPF_PROG(task_work_run_loops, void *tctx, __u32 count, __u32 loops) {
  return emit_task_work_run(tctx, count, loops);
}

/* A request's start */

static __always_inline int emit_submit(void *context, struct io_kiocb *req) {
  struct io_ring_ctx *record_ctx = req->ctx;
  __u8 record_opcode = req->opcode;
  if (!request_passes((__u64)record_ctx, record_opcode))
    return 0;
  if (!request_is_sampled(req))
    return tally_submit(req);
  struct record_submit *record = RESERVE(record_submit, RECORD_SUBMIT, record_ctx, req, record_opcode);
  if (!record)
    return tally_submit(req);
  record->flags = req->flags;
  note_start((__u64)req, record->base.time_ns, true);
  record->notif = 0;
  if (record_opcode == IORING_OP_SEND_ZC || record_opcode == IORING_OP_SENDMSG_ZC) {
    /* the notification's io_kiocb was allocated in preparation */
    struct io_sr_msg *message = (void *)&req->cmd;
    record->notif = (__u64)BPF_CORE_READ(message, notif);
  }
  record->tgid = current_tgid();
  record->sq_thread = !!(record_ctx->flags & IORING_SETUP_SQPOLL);
  record->sqe_is_known = read_sqe(req, &record->sqe);
  struct io_rsrc_node *local = local_node(req);
  __u16 role = local_role(req, local);
  record->group_role = role ? role : group_role(req);
  if (!record->sqe_is_known) {
    __builtin_memset(&record->sqe, 0, sizeof(record->sqe));
    record->sqe.opcode = record_opcode;
    record->sqe.flags = record->flags; /* the low byte is IOSQE_* */
    record->sqe.user_data = req->cqe.user_data;
  }
  submit_record(record);
  note_local_buffer(req, local, role);
  note_stack(context, req);
  return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(submit_req, struct io_kiocb *req) {
  emit_submit(ctx, req);
  note_handled();
  return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(submit_req_twin, struct io_kiocb *req) {
  return was_handled() ? 0 : emit_submit(ctx, req);
}

/* 6.1 */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(submit_sqe, struct io_kiocb *req, bool force_nonblock) {
  return emit_submit(ctx, req);
}

SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(req_failed, const void *sqe, struct io_kiocb *req, int error) {
  struct io_ring_ctx *record_ctx = req->ctx;
  __u8 record_opcode = req->opcode;
  if (!request_passes((__u64)record_ctx, record_opcode))
    return 0;
  forget_start((__u64)req);
  struct record_req_failed *record = NULL;
  if (request_is_sampled(req))
    record = RESERVE(record_req_failed, RECORD_REQ_FAILED, record_ctx, req, record_opcode);
  if (!record) {
    tally_req_failed((__u64)record_ctx, record_opcode);
    return 0;
  }
  record->flags = req->flags;
  record->error = error;
  record->tgid = current_tgid();
  bpf_probe_read_kernel(&record->sqe, sizeof(record->sqe), sqe);
  submit_record(record);
  return 0;
}

/* Steps of a request's life */

SEC("tp_btf/io_uring_file_get")
int BPF_PROG(file_get, struct io_kiocb *req, int fd) {
  REQUEST_RECORD(record, record_file_get, RECORD_FILE_GET, req);
  record->fd = fd;
  record->reserved = 0;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_queue_async_work")
int BPF_PROG(queue_async_work, struct io_kiocb *req, int hashed) {
  REQUEST_RECORD(record, record_queue_async_work, RECORD_QUEUE_ASYNC_WORK, req);
  record->hashed = !!hashed;
  record->reserved = 0;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_poll_arm")
int BPF_PROG(poll_arm, struct io_kiocb *req, int mask, int events) {
  REQUEST_RECORD(record, record_poll_arm, RECORD_POLL_ARM, req);
  record->mask = mask;
  record->events = events;
  submit_record(record);
  /* a member that waits keeps the buffer */
  note_group(record_ctx, req, record_opcode);
  return 0;
}

SEC("tp_btf/io_uring_task_add")
int BPF_PROG(task_add, struct io_kiocb *req, int mask) {
  REQUEST_RECORD(record, record_task_add, RECORD_TASK_ADD, req);
  record->mask = mask;
  record->reserved = 0;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_defer")
int BPF_PROG(defer, struct io_kiocb *req) {
  REQUEST_RECORD(record, record_defer, RECORD_DEFER, req);
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_link")
int BPF_PROG(link, struct io_kiocb *req, struct io_kiocb *target) {
  REQUEST_RECORD(record, record_link, RECORD_LINK, req);
  record->target = (__u64)target;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_fail_link")
int BPF_PROG(fail_link, struct io_kiocb *req, struct io_kiocb *link) {
  REQUEST_RECORD(record, record_fail_link, RECORD_FAIL_LINK, req);
  record->link = (__u64)link;
  submit_record(record);
  return 0;
}

/* A request's end */

/* The opcode of a request that the tracepoint passes untyped, or NULL. */
static __always_inline __u8 opcode_of(void *req) {
  if (!req)
    return RECORD_OPCODE_NONE;
  if (config.can_cast)
    return rdonly_cast(req, struct io_kiocb)->opcode;
  return BPF_CORE_READ((struct io_kiocb *)req, opcode);
}

/* What is known of a request's buffers when it completes. */
static __always_inline void note_buffers(void *ring, void *req, __u8 opcode) {
  note_buffer(ring, req, opcode);
  if (opcode == IORING_OP_URING_CMD) {
    note_command(ring, req, opcode);
    note_fuse_request(ring, req, opcode);
  }
  note_group(ring, req, opcode);
}

/* Auxiliary CQEs have no request, and a notification's opcode is NOP: only the ring decides on both. */
static __always_inline bool completion_passes(void *ctx, void *req, __u8 opcode, __u32 cflags) {
  if (req && !(cflags & IORING_CQE_F_NOTIF) && !opcode_passes(opcode))
    return false;
  return ring_passes((__u64)ctx);
}

/* CQEs without a request, and those of notifications, do not tell whether they are in the sample. */
static __always_inline bool completion_is_sampled(void *req, __u64 user_data, __u32 cflags) {
  return !config.samples || !req || (cflags & IORING_CQE_F_NOTIF) || is_sampled((__u64)req, user_data);
}

/*
 * The record of a CQE, its header filled in. NULL where there is none: the CQE is counted then. Without a
 * record of the submission it is longer, and tells when that was.
 */
static __always_inline struct record_complete *reserve_complete(
    void *ring, void *req, __u8 opcode, __u64 user_data, __s32 res, __u32 cflags) {
  if (completion_is_sampled(req, user_data, cflags)) {
    struct probe_start *start = unseen_start((__u64)req);
    if (start) {
      struct record_complete_unseen *record =
          RESERVE(record_complete_unseen, RECORD_COMPLETE, ring, req, opcode);
      if (record) {
        record->submitted_ns = start->time_ns & ~PROBE_START_UNSEEN;
        start->req = 0;
        return &record->complete;
      }
    } else {
      struct record_complete *record = RESERVE(record_complete, RECORD_COMPLETE, ring, req, opcode);
      if (record)
        return record;
    }
  }
  tally_complete((__u64)ring, (__u64)req, opcode, res, cflags);
  return NULL;
}

/* From 6.17 */
static __always_inline int emit_complete(
    struct io_ring_ctx *ring, void *req, struct io_uring_cqe *cqe) {
  __u8 opcode = opcode_of(req);
  __u32 cflags = cqe->flags;
  if (!completion_passes(ring, req, opcode, cflags))
    return 0;
  if (completion_is_sampled(req, cqe->user_data, cflags))
    note_buffers(ring, req, opcode);
  struct record_complete *record =
      reserve_complete(ring, req, opcode, cqe->user_data, cqe->res, cflags);
  if (!record)
    return 0;
  record->user_data = cqe->user_data;
  record->res = cqe->res;
  record->cflags = cflags;
  record->extra1 = 0;
  record->extra2 = 0;
  if ((ring->flags & IORING_SETUP_CQE32) || (cflags & IORING_CQE_F_32))
    bpf_probe_read_kernel(&record->extra1, 16, (void *)cqe + 16);
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(complete_cqe, struct io_ring_ctx *ring, void *req, struct io_uring_cqe *cqe) {
  emit_complete(ring, req, cqe);
  note_handled();
  return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(complete_cqe_twin, struct io_ring_ctx *ring, void *req, struct io_uring_cqe *cqe) {
  return was_handled() ? 0 : emit_complete(ring, req, cqe);
}

/* Up to 6.12 */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(complete_values, void *ring, void *req, __u64 user_data, int res, __u32 cflags,
             __u64 extra1, __u64 extra2) {
  __u8 opcode = opcode_of(req);
  if (!completion_passes(ring, req, opcode, cflags))
    return 0;
  if (completion_is_sampled(req, user_data, cflags))
    note_buffers(ring, req, opcode);
  struct record_complete *record = reserve_complete(ring, req, opcode, user_data, res, cflags);
  if (!record)
    return 0;
  record->user_data = user_data;
  record->res = res;
  record->cflags = cflags;
  record->extra1 = extra1;
  record->extra2 = extra2;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_cqe_overflow")
int BPF_PROG(cqe_overflow, void *ring, __u64 user_data, __s32 res, __u32 cflags, void *ocqe) {
  if (!ring_passes((__u64)ring))
    return 0;
  struct overflow_search *search = find_overflowed(ring, user_data, res);
  __u64 req = search ? search->req : 0;
  __u8 opcode = search ? search->opcode : RECORD_OPCODE_NONE;
  if (req && !opcode_passes(opcode))
    return 0;
  struct record_cqe_overflow *record = NULL;
  if (!req || is_sampled(req, user_data))
    record = RESERVE(record_cqe_overflow, RECORD_CQE_OVERFLOW, ring, req, opcode);
  if (!record) {
    tally_overflow((__u64)ring, req, opcode, res, cflags, !ocqe);
    return 0;
  }
  record->user_data = user_data;
  record->res = res;
  record->cflags = cflags;
  record->dropped = !ocqe;
  record->reserved = 0;
  submit_record(record);
  return 0;
}
