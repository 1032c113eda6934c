/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The state of rings and requests, read from the kernel's own structures. An *inventory* searches these structures for
 * requests in flight.
 */

#ifdef RECORD_KINDS
// clang-format off
RECORD_RING_DEPTH RECORD_SWIFT_NAME("ringDepth") = 80,
RECORD_RING_BALANCE RECORD_SWIFT_NAME("ringBalance") = 81,
RECORD_PARKED RECORD_SWIFT_NAME("parked") = 82,
RECORD_UNSUBMITTED RECORD_SWIFT_NAME("unsubmitted") = 83,
RECORD_UNREAPED RECORD_SWIFT_NAME("unreaped") = 84,
RECORD_KERNEL_STACK RECORD_SWIFT_NAME("kernelStack") = 85,
RECORD_FILE_STATE RECORD_SWIFT_NAME("fileState") = 86,
RECORD_DISK_REQUEST RECORD_SWIFT_NAME("diskRequest") = 87,
RECORD_REGISTERED_FILE RECORD_SWIFT_NAME("registeredFile") = 89,
RECORD_REAP_LAG RECORD_SWIFT_NAME("reapLag") = 107,
RECORD_REAPED RECORD_SWIFT_NAME("reaped") = 108,
RECORD_REAPED_SQE RECORD_SWIFT_NAME("reapedSqe") = 114,
RECORD_SQ_THREAD RECORD_SWIFT_NAME("sqThread") = 110,
RECORD_WORKER_POOL RECORD_SWIFT_NAME("workerPool") = 111,
// clang-format on
#else

/* Activities of a ring's SQ thread. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("ThreadActivity") record_thread : __u8 {
  RECORD_THREAD_UNKNOWN RECORD_SWIFT_NAME("unknown") = 0, /* the ring has no SQ thread @json null */
  RECORD_THREAD_POLLS RECORD_SWIFT_NAME("polls") = 1,     /* polls the submission queue */
  RECORD_THREAD_SLEEPS RECORD_SWIFT_NAME("sleeps") = 2,   /* sleeps until io_uring_enter wakes it */
};
// clang-format on

/* CQEs for which a ring signals its eventfd. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("RingEventfd") record_eventfd : __u8 {
  RECORD_EVENTFD_NONE RECORD_SWIFT_NAME("none") = 0,   /* none: no eventfd, or unknown @json null */
  RECORD_EVENTFD_ALL RECORD_SWIFT_NAME("all") = 1,     /* all CQEs: IORING_REGISTER_EVENTFD */
  RECORD_EVENTFD_ASYNC RECORD_SWIFT_NAME("async") = 2, /* all CQEs but those posted during submission: EVENTFD_ASYNC */
};
// clang-format on

/* Methods of counting a ring's outstanding requests. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("BalanceMethod") record_balance : __u32 {
  RECORD_BALANCE_UNKNOWN RECORD_SWIFT_NAME("unknown") = 0,
  RECORD_BALANCE_ALLOCATED RECORD_SWIFT_NAME("allocated") = 1,   /* allocated minus free requests: exact; 6.17 and later */
  RECORD_BALANCE_REFERENCES RECORD_SWIFT_NAME("references") = 2, /* references to the ring minus free requests */
  RECORD_BALANCE_SEQUENCE RECORD_SWIFT_NAME("sequence") = 3,     /* SQEs taken minus CQEs posted: an estimate */
};
// clang-format on

/* Places where the kernel keeps requests in flight. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("RecordPlace") record_place : __u8 {
  RECORD_PLACE_NONE RECORD_SWIFT_NAME("none") = 0,                 /* unknown @json null */
  RECORD_PLACE_LINKED RECORD_SWIFT_NAME("linked") = 1,             /* waits for another request of its chain */
  RECORD_PLACE_DEFERRED RECORD_SWIFT_NAME("deferred") = 2,         /* waits because of IOSQE_IO_DRAIN */
  RECORD_PLACE_POLL RECORD_SWIFT_NAME("poll") = 3,                 /* a poll is armed on the request's file */
  RECORD_PLACE_TIMEOUT RECORD_SWIFT_NAME("timeout") = 4,           /* a running TIMEOUT */
  RECORD_PLACE_LINK_TIMEOUT RECORD_SWIFT_NAME("linkTimeout") = 5,  /* a running LINK_TIMEOUT */
  RECORD_PLACE_COMMAND RECORD_SWIFT_NAME("command") = 6,           /* a cancellable URING_CMD @json uring_cmd */
  RECORD_PLACE_FUTEX RECORD_SWIFT_NAME("futex") = 7,               /* waits for a futex */
  RECORD_PLACE_WAITID RECORD_SWIFT_NAME("waitid") = 8,             /* waits for a process */
  RECORD_PLACE_IOPOLL RECORD_SWIFT_NAME("iopoll") = 9,             /* polled I/O */
  RECORD_PLACE_BLOCK RECORD_SWIFT_NAME("block") = 10,              /* in the block layer */
  RECORD_PLACE_WORK_QUEUED RECORD_SWIFT_NAME("workQueued") = 11,   /* queued for an io-wq worker @json io_wq_queued */
  RECORD_PLACE_WORK_RUNNING RECORD_SWIFT_NAME("workRunning") = 12, /* executed by an io-wq worker @json io_wq_running */
  RECORD_PLACE_TASK_WORK RECORD_SWIFT_NAME("taskWork") = 13,       /* woken; its task work has not run yet */
  RECORD_PLACE_NETWORK RECORD_SWIFT_NAME("network") = 14,          /* a zero-copy send that has posted its result */
};
// clang-format on

/*
 * Bits of `known` in a `parked` record: the fields that are valid, and certain facts about the request.
 *
 * @bits knows
 */
#define RECORD_KNOWS_OFF 1
#define RECORD_KNOWS_ADDR 2
#define RECORD_KNOWS_LEN 4
#define RECORD_KNOWS_FLAGS 8       /* @json op_flags */
#define RECORD_KNOWS_BUFFER 16     /* @json buf_index */
#define RECORD_KNOWS_FD 32         /* fd still refers to the request's file */
#define RECORD_KNOWS_START 64      /* since_ns is the time of the submission */
#define RECORD_KNOWS_MULTISHOT 128 /* the request can post several CQEs */

/*
 * Fill levels of a ring's queues, and the tasks that wait in io_uring_enter for the ring's completions, read at one
 * moment. Written when they have changed.
 *
 * @title "ring depth" faint
 * @needs ring
 * @order sq_pending cq_pending is_overflowed waiters waiter_tid waiter_tgid waiter_missing waiter_asleep_ms
 * @order waiter_in_iowait sq_thread sq_thread_ms is_polled eventfd
 * @plain sq_pending cq_pending waiters waiter_tid waiter_tgid waiter_missing waiter_asleep_ms
 * @plain sq_thread_ms
 */
struct record_ring_depth {
  struct record base;
  __u32 sq_pending;             /* SQEs that the application has queued and the kernel has not taken */
  __u32 cq_pending;             /* CQEs posted and not reaped */
  __u8 is_overflowed;           /* true while CQEs wait in the overflow list @json cq_overflowed @bool */
  enum record_thread sq_thread; /* activity of the SQ thread, null without one @reused 1 */
  __u8 is_polled;               /* true if a task polls the ring's descriptor @json polled @bool @reused 1 */
  enum record_eventfd eventfd;  /* CQEs for which the ring signals its eventfd, null without one @reused 1 */
  __u32 waiters;                /* waiting tasks, 64 at most */
  __u32 waiter_tid;             /* first waiting task, 0 if none */
  __u32 waiter_tgid;            /* process of the first waiting task @json waiter_pid */
  __u32 waiter_missing;         /* CQEs that the first waiter still needs */
  __u32 waiter_asleep_ms; /* time since the first waiter ran last; 0 if below 1 s or unknown @reused 1 */
  __u32 sq_thread_ms;     /* CPU time of the SQ thread so far; 0 if unknown or without one @reused 1 */
  __u8 waiter_in_iowait;  /* true if idle time of the first waiter's CPU counts as iowait @bool @reused 1 */
};

/*
 * Scheduler statistics of a ring's SQ thread (thread `tid`). Written when they have changed.
 *
 * @title "SQ thread" faint
 * @needs ring
 * @plain ran_ns delayed_ns slept idle_ms policy nice length
 */
struct record_sq_thread {
  struct record base;
  __u64 ran_ns;     /* time on a processor */
  __u64 delayed_ns; /* time ready to run while other threads ran */
  __u64 slept;      /* voluntary context switches */
  __u32 idle_ms;    /* time that the thread polls before it sleeps, in whole ticks; 0 if unknown */
  __u32 policy;     /* SCHED_* */
  __s32 nice;       /* -20 to 19 */
  __u32 length;     /* processors that the thread may run on, such as 0-3,5 @text processors */
};

/*
 * The io-wq workers of a process. Written when they have changed.
 *
 * @title "worker pool" faint
 * @plain tgid workers idle length
 */
struct record_worker_pool {
  struct record base;
  __u32 tgid;    /* process @json pid */
  __u32 workers; /* io-wq worker threads of the process */
  __u32 idle;    /* workers without work */
  /* processors that the workers may run on; after a newline, those of the process's other threads @text processors */
  __u32 length;
};

/*
 * The number of a ring's outstanding requests at `time_ns`, according to the ring's own counters. The `unsubmitted`,
 * `unreaped` and `registered_file` records that follow replace earlier ones.
 *
 * @title "ring balance" faint
 * @needs ring
 * @plain outstanding reached
 */
struct record_ring_balance {
  struct record base;
  __u64 outstanding; /* requests, and notifications of zero-copy sends, that have not ended @summed */
  enum record_balance method; /* how `outstanding` was counted */
  __u32 reached;              /* distinct requests of the ring that the inventory found */
};

/*
 * A request that an inventory found in flight. The search began at `time_ns`; the record is void if a later record
 * names the request. The SQE no longer exists; the fields have the values that are left in the kernel's structure.
 * `tid` is the worker that executes the request, else 0. If `place` is `network`, `req` is the notification of a
 * zero-copy send. Its `io_kiocb` does not distinguish SEND_ZC from SENDMSG_ZC, so `opcode` is SEND_ZC for both.
 *
 * @title "found" label
 * @needs ring request
 * @order place since_ns behind notif flags known fd off addr len op_flags buf_index poll_events expires_ns tgid
 * @order submitter_tid ublk file
 * @plain len op_flags fd poll_events tgid submitter_tid buf_index ublk
 */
struct record_parked {
  struct record base;
  __u64 since_ns;  /* the request was submitted before this time @redact time */
  __u64 behind;    /* place linked or link_timeout: the chain's previous io_kiocb @hex @omit @redact kernel */
  __u64 flags;     /* REQ_F_*; the low byte has the SQE's flags @json flag_bits @requestFlags */
  __u64 user_data; /* user_data of the request @line user_data @redact user */
  __u64 off;       /* as in the SQE @signed @any @redact off */
  __u64 addr;      /* as in the SQE @hex @redact addr */
  __u64 expires_ns;        /* timeouts: when the timeout fires @omit @any @redact time */
  __u32 len;               /* as in the SQE */
  __u32 op_flags;          /* as in the SQE */
  __s32 fd;                /* descriptor, or index of a registered file */
  __u32 poll_events;       /* polled requests: POLL* events that the request waits for */
  __u32 tgid;              /* process of the submitter @json pid */
  __u32 submitter_tid;     /* thread of the submitter */
  __u16 buf_index;         /* as in the SQE */
  enum record_place place; /* where the kernel keeps the request */
  __u8 known;              /* valid fields of this record, and certain facts about the request @bits knows */
  __u32 ublk; /* ublk commands: 1 << 31 | queue << 16 | tag; 0 for other requests, or if unknown @reused 1 */
  struct record_file_identity file; /* the request's file, null before lookup @object @null zero @added 1 */
  /* zero-copy sends without a posted result: io_kiocb of the notification @hex @omit @added 1 @redact kernel */
  __u64 notif;
};

/*
 * An SQE that the application has queued and the kernel has not taken. `req` is 0.
 *
 * @title "unsubmitted" faint
 * @needs ring
 */
struct record_unsubmitted {
  struct record base;
  struct record_sqe sqe;
};

/*
 * A CQE that the application has not reaped.
 *
 * @title "unreaped" faint
 * @needs ring
 * @plain res cflags
 */
struct record_unreaped {
  struct record base;
  __u64 user_data;     /* user_data of the request @line user_data @redact user */
  __s32 res;           /* result, or a negative errno @json result @derive errno */
  __u32 cflags;        /* IORING_CQE_F_* @derive cqe_flags */
  __u32 is_overflowed; /* true if the CQE is in the overflow list @json overflowed @bool */
  __u32 reserved;
};

/*
 * A CQE that the application has reaped and the kernel has not overwritten. The records of a ring begin with the newest
 * CQE.
 *
 * @title "reaped" faint
 * @needs ring
 * @plain res cflags
 */
struct record_reaped {
  struct record base;
  __u64 user_data; /* user_data of the request @line user_data @redact user */
  __s32 res;       /* result, or a negative errno @json result @derive errno */
  __u32 cflags;    /* IORING_CQE_F_* @derive cqe_flags */
};

/*
 * An SQE that the kernel has taken, with the same `user_data` as one of the latest `reaped` CQEs. The records of a ring
 * begin with the newest SQE. The application may have overwritten the SQE since.
 *
 * @title "reaped SQE" faint
 * @needs ring
 */
struct record_reaped_sqe {
  struct record base;
  struct record_sqe sqe;
};

/*
 * CQEs that stayed in the completion queue at least from `since_ns` to `time_ns`. Recorded only while uringtop samples
 * the ring at short intervals. `tid` is the thread that reaps the CQEs, 0 if unknown.
 *
 * @title "reap lag" faint
 * @needs ring
 * @plain count length
 */
struct record_reap_lag {
  struct record base;
  __u64 since_ns;  /* time of the first sample with the CQEs @redact time */
  __u64 taken_ns;  /* time of the first sample without the CQEs; 0 if still in the queue @omit @redact time */
  __u64 user_data; /* user_data of the oldest CQE @line user_data @redact user */
  __u32 count;     /* CQEs in the last sample before they were reaped */
  /* system call of the thread while the CQEs stayed; after a newline, the kernel function @text call */
  __u32 length;
};

/*
 * The kernel stack of thread `tid`, which executes the request.
 *
 * @title "kernel stack" faint
 * @needs ring request
 */
struct record_kernel_stack {
  struct record base;
  /* frames, one per line, innermost first; empty if the kernel does not report them @text stack @redact addresses */
  __u32 length;
  /* true if symbol names are hidden (kptr_restrict): frames are addresses @json names_hidden @bool */
  __u32 are_hidden;
};

/*
 * The state of a request's file.
 *
 * @title "file state" faint
 * @needs ring request
 * @plain poll_events receive_bytes send_bytes
 */
struct record_file_state {
  struct record base;
  __u32 poll_events;   /* POLL* events that are ready now */
  __u32 length;        /* details of the file, such as a socket's addresses @text text @redact text */
  __s64 receive_bytes; /* readable bytes; null if unknown @null negative @unit bytes */
  __s64 send_bytes;    /* bytes not sent yet; null if unknown @null negative @unit bytes */
};

/*
 * A block request in flight. It belongs to the io_uring request `req` of ring `ctx`, or (if both are 0) to a ublk
 * device whose server has a ring. An inventory that began at `time_ns` found it. The first record of an inventory has
 * no block request; it makes the records of earlier inventories void.
 *
 * @title "disk request" faint
 * @order start_ns issued_ns server_tgid with_server block
 * @plain server_tgid
 */
struct record_disk_request {
  struct record base;
  __u64 start_ns;  /* when the block layer received the request; 0 without I/O statistics @redact time */
  __u64 issued_ns; /* when the driver received the request; 0 if unknown @redact time */
  struct record_block block; /* facts about the block request, or null @object @null zero */
  __u32 server_tgid;         /* ublk: process that serves the device; else 0 @json server_pid */
  __u8 with_server;          /* ublk: true if the server has the request and has not committed it @bool */
  __u8 reserved[3];
};

/*
 * An occupied slot of the ring's table of registered files. Large tables are not listed in full.
 *
 * @title "registered file" faint
 * @needs ring
 * @order index references tag inode mode can_read can_write file_system file
 * @plain index references mode file_system
 */
struct record_registered_file {
  struct record base;
  __u64 tag;         /* tag that the application set @hex @redact user */
  __u64 inode;       /* inode number @any @redact inode */
  __u32 index;       /* slot in the table */
  __s32 references;  /* references of requests; null up to 6.12: not counted for each file @null negative */
  __u16 mode;        /* mode of the inode: S_IF* and permissions */
  __u8 can_read;     /* true if the file was opened for reading @bool */
  __u8 can_write;    /* true if the file was opened for writing @bool */
  __u32 file_system; /* magic number of the file system, statfs(2) */
  struct record_file_identity file; /* identity of the file @object @null zero @added 1 */
};

#endif
