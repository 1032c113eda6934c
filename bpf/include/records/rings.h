/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Events of a ring, and work done for all of its requests. */

#ifdef RECORD_KINDS
// clang-format off
RECORD_CREATE RECORD_SWIFT_NAME("create") = 1,
RECORD_REGISTER RECORD_SWIFT_NAME("register") = 2,
RECORD_CQRING_WAIT RECORD_SWIFT_NAME("cqringWait") = 14,
RECORD_TASK_WORK_RUN RECORD_SWIFT_NAME("taskWorkRun") = 15,
RECORD_LOCAL_WORK_RUN RECORD_SWIFT_NAME("localWorkRun") = 16,
RECORD_REGISTER_ARGUMENT RECORD_SWIFT_NAME("registerArgument") = 24,
RECORD_RING_FOUND RECORD_SWIFT_NAME("ringFound") = 64,
RECORD_RING_FD RECORD_SWIFT_NAME("ringFd") = 65,
RECORD_RING_CLOSED RECORD_SWIFT_NAME("ringClosed") = 66,
RECORD_RING_SCAN RECORD_SWIFT_NAME("ringScan") = 113,
// clang-format on
#else

/*
 * A ring was created.
 *
 * @title "create" label
 * @needs ring
 * @event
 * @logged
 * @plain fd tgid sq_entries cq_entries sq_thread_tid
 */
struct record_create {
  struct record base;
  __s32 fd;                   /* descriptor of the ring; -1 if the ring has only a registered index */
  __u32 tgid;                 /* process that created the ring @json pid */
  __u32 sq_entries;           /* size of the submission queue */
  __u32 cq_entries;           /* size of the completion queue */
  __u32 flags;                /* IORING_SETUP_* @names setup */
  __u32 sq_thread_tid;        /* thread id of the SQ thread (iou-sqp), 0 without SQPOLL */
  char comm[RECORD_COMM_LEN]; /* name of the process that created the ring @redact comm */
};

/*
 * A call of io_uring_register returned.
 *
 * @title "register" label
 * @needs ring
 * @event
 * @logged
 * @order opcode nr_files nr_bufs result tgid
 * @plain result opcode nr_files nr_bufs tgid
 */
struct record_register {
  struct record base;
  __s64 result;   /* return value, or a negative errno @derive errno */
  __u32 opcode;   /* IORING_REGISTER_* @json register_opcode @derive register_name */
  __u32 nr_files; /* registered files after the call @json registered_files */
  __u32 nr_bufs;  /* registered buffers after the call @json registered_buffers */
  __u32 tgid;     /* process that made the call @json pid */
};

/*
 * A task waits in io_uring_enter for completions.
 *
 * @title "cqring_wait" faint
 * @needs ring
 * @event
 * @logged
 * @plain min_events tgid
 */
struct record_cqring_wait {
  struct record base;
  __s32 min_events; /* CQEs that the task waits for */
  __u32 tgid;       /* process of the task @json pid */
};

/*
 * A task ran its task work. `ctx` is 0, because one io_uring_task serves all rings of a task.
 *
 * @title "task_work_run" faint
 * @event
 * @logged
 * @plain count loops
 */
struct record_task_work_run {
  struct record base;
  __u64 tctx;  /* struct io_uring_task * @hex @redact kernel */
  __u32 count; /* requests whose work was run */
  __u32 loops; /* passes over the task-work list; 0 where not reported (6.12 and later) */
};

/*
 * A task ran the local work of a ring (DEFER_TASKRUN).
 *
 * @title "local_work_run" faint
 * @needs ring
 * @event
 * @logged
 * @plain count loops
 */
struct record_local_work_run {
  struct record base;
  __u32 count; /* requests whose work was run */
  __u32 loops; /* passes over the ring's list of work */
};

/*
 * The argument of a call of io_uring_register. The record precedes the call's `register`.
 *
 * @title "register argument" faint
 * @needs ring
 * @plain opcode nr_args
 */
struct record_register_argument {
  struct record base;
  __u32 opcode;   /* IORING_REGISTER_* @json register_opcode @derive register_name */
  __u32 nr_args;  /* number of arguments, as passed to the call */
  __u64 words[4]; /* the first 32 bytes of the argument @hex @redact argument */
};

/*
 * A ring that existed before uringtop attached, or whose properties have changed. The `ring_fd` records that follow
 * replace the earlier list of the ring's descriptors.
 *
 * @title "ring found" label
 * @needs ring
 * @event
 * @logged
 * @plain tgid sq_entries cq_entries sq_thread_tid nr_files nr_bufs submitter_tid
 */
struct record_ring_found {
  struct record base;
  __u32 tgid; /* owner: the ring's creator if known, else the first process found with the ring @json pid */
  __u32 sq_entries;           /* size of the submission queue */
  __u32 cq_entries;           /* size of the completion queue */
  __u32 flags;                /* IORING_SETUP_* @names setup */
  __u32 sq_thread_tid;        /* thread id of the SQ thread (iou-sqp), 0 without SQPOLL */
  __u32 nr_files;             /* registered files @json registered_files */
  __u32 nr_bufs;              /* registered buffers @json registered_buffers */
  __u32 submitter_tid;        /* the only thread that may submit (SINGLE_ISSUER), 0 if any may @reused 1 */
  char comm[RECORD_COMM_LEN]; /* name of the owner process @redact comm */
};

/*
 * A file descriptor of a ring.
 *
 * @title "ring fd" label
 * @needs ring
 * @plain tgid fd
 */
struct record_ring_fd {
  struct record base;
  __u32 tgid; /* process with the descriptor @json pid */
  __s32 fd;   /* descriptor; -1 if the process has only a registered ring index */
};

/*
 * No task had the ring open or registered at `time_ns`. The record is valid only if no later record names the ring: a
 * ring without descriptors still exists while its SQ thread works or its requests are cancelled, and a new ring can
 * reuse its memory. The record can be repeated.
 *
 * @title "ring closed" label
 * @needs ring
 * @event
 * @logged
 */
struct record_ring_closed {
  struct record base;
};

/*
 * A scan of all rings that began at `time_ns` has ended. Rings that no record has named since the previous scan are
 * open and unchanged. A ring that no `create` or `ring_found` has described is closed if two scans after its last
 * record did not find it. If `ctx` is set, the record concerns only that ring: the scan is the first that did not find
 * the ring, or the scan after which the ring is reported closed.
 *
 * @title "ring scan" faint
 */
struct record_ring_scan {
  struct record base;
};

#endif
