// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Programs on the io_uring tracepoints. Each tests the filter and writes one record.
 *
 * Fields are read from the kernel's structs rather than from the tracepoints' arguments where possible, because
 * prototypes change. A tracepoint whose prototype changed has two programs; user space loads the one that fits the
 * kernel (kernel/versions.h).
 */
#include "capture/completion.h"
#include "capture/overflow.h"
#include "capture/registration.h"
#include "capture/submission.h"
#include "capture/twins.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Reserves a record about a request. NULL if the filter or the sample excludes the request, or the record buffer is
 * full.
 */
static __always_inline void *reserve_of_request(struct io_kiocb *req, enum record_kind kind, __u64 size) {
  struct io_ring_ctx *ring = ring_of(req);
  __u8 opcode = req->opcode;
  if (!request_passes((__u64)ring, opcode) || !request_is_sampled(req))
    return NULL;
  return reserve_record(kind, size, (__u64)ring, (__u64)req, opcode, NULL);
}

/* Reserves a record about a ring. NULL if the filter excludes the ring or the record buffer is full. */
static __always_inline void *reserve_of_ring(void *ring, enum record_kind kind, __u64 size) {
  if (!ring_passes((__u64)ring))
    return NULL;
  return reserve_record(kind, size, (__u64)ring, 0, RECORD_OPCODE_NONE, NULL);
}

/* Rings */

SEC("tp_btf/io_uring_create")
int BPF_PROG(create, int fd, void *ring, __u32 sq_entries, __u32 cq_entries, __u32 flags) {
  if (config.filters_rings) {
    bool passes = process_passes() && name_passes() && fd_passes(fd);
    judge_ring((__u64)ring, passes);
    if (!passes)
      return 0;
  }
  retire_tallies((__u64)ring);
  struct record_create *record = RESERVE(record_create, RECORD_CREATE, ring, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 0;
  struct io_ring_ctx *typed_ring = ring;
  struct task_struct *sq_thread =
      flags & IORING_SETUP_SQPOLL ? BPF_CORE_READ(typed_ring, sq_data, thread) : NULL;
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  /* with REGISTERED_FD_ONLY `fd` is an index into the task's registered rings */
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

/* The function's name ends in an underscore because `register` is a keyword. */
SEC("tp_btf/io_uring_register")
int BPF_PROG(register_, void *ring, __u32 opcode, __u32 nr_files, __u32 nr_bufs, long result) {
  if (ring_passes((__u64)ring))
    note_registration(ring, opcode & ~IORING_REGISTER_USE_REGISTERED_RING, result);
  struct record_register *record = reserve_of_ring(ring, RECORD_REGISTER, sizeof(*record));
  if (!record)
    return 0;
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
  struct record_cqring_wait *record = reserve_of_ring(ring, RECORD_CQRING_WAIT, sizeof(*record));
  if (!record)
    return 0;
  record->min_events = min_events;
  record->tgid = current_tgid();
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_local_work_run")
int BPF_PROG(local_work_run, void *ring, int count, __u32 loops) {
  struct record_local_work_run *record = reserve_of_ring(ring, RECORD_LOCAL_WORK_RUN, sizeof(*record));
  if (!record)
    return 0;
  record->count = count;
  record->loops = loops;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_short_write")
int BPF_PROG(short_write, void *ring, __u64 pos, __u64 wanted, __u64 got) {
  struct record_short_write *record = reserve_of_ring(ring, RECORD_SHORT_WRITE, sizeof(*record));
  if (!record)
    return 0;
  record->pos = pos;
  record->wanted = wanted;
  record->got = got;
  submit_record(record);
  return 0;
}

/*
 * Records a run of task work. The record names no ring, because one io_uring_task serves all rings of a task. On 6.12
 * and later a busy SQ thread fires the tracepoint with a count of 0 in every round, a million times a second. These
 * events are dropped.
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

/* For 6.1, where the prototype has `loops`. */
SEC("tp_btf/io_uring_task_work_run")
int BPF_PROG(task_work_run_loops, void *tctx, __u32 count, __u32 loops) {
  return emit_task_work_run(tctx, count, loops);
}

/* A request's start */

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

/* For 6.1, where io_uring_submit_req has this name and prototype. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(submit_sqe, struct io_kiocb *req, bool force_nonblock) {
  return emit_submit(ctx, req);
}

SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(req_failed, const void *sqe, struct io_kiocb *req, int error) {
  struct io_ring_ctx *ring = ring_of(req);
  __u8 opcode = req->opcode;
  if (!request_passes((__u64)ring, opcode))
    return 0;
  forget_start((__u64)req);
  struct record_req_failed *record = NULL;
  if (request_is_sampled(req))
    record = RESERVE(record_req_failed, RECORD_REQ_FAILED, ring, req, opcode);
  if (!record) {
    tally_req_failed(number_of((__u64)ring), opcode);
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
  struct record_file_get *record = reserve_of_request(req, RECORD_FILE_GET, sizeof(*record));
  if (!record)
    return 0;
  record->fd = fd;
  record->reserved = 0;
  describe_identity(&record->file, file_of_descriptor(fd));
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_queue_async_work")
int BPF_PROG(queue_async_work, struct io_kiocb *req, int hashed) {
  struct io_ring_ctx *ring = ring_of(req);
  __u8 opcode = req->opcode;
  struct record_queue_async_work *record = reserve_of_request(req, RECORD_QUEUE_ASYNC_WORK, sizeof(*record));
  if (!record)
    return 0;
  record->hashed = !!hashed;
  record->reserved = 0;
  submit_record(record);
  note_file(ring, req, opcode);
  return 0;
}

SEC("tp_btf/io_uring_poll_arm")
int BPF_PROG(poll_arm, struct io_kiocb *req, int mask, int events) {
  struct io_ring_ctx *ring = ring_of(req);
  __u8 opcode = req->opcode;
  struct record_poll_arm *record = reserve_of_request(req, RECORD_POLL_ARM, sizeof(*record));
  if (!record)
    return 0;
  record->mask = mask;
  record->events = events;
  submit_record(record);
  note_file(ring, req, opcode);
  /* a member of an SQE group keeps the group's buffer while it waits */
  note_group(ring, req, opcode);
  return 0;
}

SEC("tp_btf/io_uring_task_add")
int BPF_PROG(task_add, struct io_kiocb *req, int mask) {
  struct record_task_add *record = reserve_of_request(req, RECORD_TASK_ADD, sizeof(*record));
  if (!record)
    return 0;
  record->mask = mask;
  record->reserved = 0;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_defer")
int BPF_PROG(defer, struct io_kiocb *req) {
  struct record_defer *record = reserve_of_request(req, RECORD_DEFER, sizeof(*record));
  if (!record)
    return 0;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_link")
int BPF_PROG(link, struct io_kiocb *req, struct io_kiocb *target) {
  struct record_link *record = reserve_of_request(req, RECORD_LINK, sizeof(*record));
  if (!record)
    return 0;
  record->target = (__u64)target;
  submit_record(record);
  return 0;
}

SEC("tp_btf/io_uring_fail_link")
int BPF_PROG(fail_link, struct io_kiocb *req, struct io_kiocb *link) {
  struct record_fail_link *record = reserve_of_request(req, RECORD_FAIL_LINK, sizeof(*record));
  if (!record)
    return 0;
  record->link = (__u64)link;
  submit_record(record);
  return 0;
}

/* A request's end */

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

/* For kernels up to 6.12, where the prototype has the CQE's values. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(
    complete_values, void *ring, void *req, __u64 user_data, int res, __u32 cflags, __u64 extra1,
    __u64 extra2) {
  if (!ring_passes((__u64)ring))
    return 0;
  __u8 opcode = opcode_of(req);
  if (!completion_passes(req, opcode, cflags))
    return 0;
  if (completion_is_sampled(req, user_data, cflags))
    note_buffers(ring, req, opcode);
  struct probe_lane *lane;
  struct record_complete *record = reserve_complete(&lane, ring, req, opcode, user_data, res, cflags);
  if (!record)
    return 0;
  record->base.tid = current_tid();
  record->user_data = user_data;
  record->res = res;
  record->cflags = cflags;
  record->extra1 = extra1;
  record->extra2 = extra2;
  submit_in(lane, &record->base);
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
    tally_overflow(number_of((__u64)ring), req, opcode | (ocqe ? 0 : TALLY_DROPPED), res, cflags);
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
