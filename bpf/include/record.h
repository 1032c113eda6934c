/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The records: what the BPF programs write, Swift reads in place and a recording stores.
 *
 * One record is a `struct record` (32 bytes) followed by what its kind needs, `size` bytes in all, a
 * multiple of 8. Times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns). Process and thread ids are
 * those of the pid namespace uringtop runs in; 0 where the task is not visible there.
 *
 * Kinds up to 63 come from the kernel, one per io_uring tracepoint and named after it
 * (include/trace/events/io_uring.h); from 64 on uringtop itself adds what the tracepoints cannot tell.
 *
 * Any change of a layout here raises RECORD_SCHEMA.
 */
#ifndef URINGTOP_RECORD_H
#define URINGTOP_RECORD_H

#include <linux/types.h>

#define RECORD_SCHEMA 1
#define RECORD_COMM_LEN 16
#define RECORD_OPCODE_NONE 0xff

#define RECORD_SWIFT_NAME(name) __attribute__((swift_name(name)))

enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("RecordKind") record_kind : __u8{
    /* kernel tracepoints */
    RECORD_CREATE RECORD_SWIFT_NAME("create") = 1,
    RECORD_REGISTER RECORD_SWIFT_NAME("register") = 2,
    RECORD_FILE_GET RECORD_SWIFT_NAME("fileGet") = 3,
    RECORD_SUBMIT RECORD_SWIFT_NAME("submit") = 4,
    RECORD_QUEUE_ASYNC_WORK RECORD_SWIFT_NAME("queueAsyncWork") = 5,
    RECORD_POLL_ARM RECORD_SWIFT_NAME("pollArm") = 6,
    RECORD_TASK_ADD RECORD_SWIFT_NAME("taskAdd") = 7,
    RECORD_DEFER RECORD_SWIFT_NAME("defer") = 8,
    RECORD_LINK RECORD_SWIFT_NAME("link") = 9,
    RECORD_FAIL_LINK RECORD_SWIFT_NAME("failLink") = 10,
    RECORD_COMPLETE RECORD_SWIFT_NAME("complete") = 11,
    RECORD_CQE_OVERFLOW RECORD_SWIFT_NAME("cqeOverflow") = 12,
    RECORD_REQ_FAILED RECORD_SWIFT_NAME("reqFailed") = 13,
    RECORD_CQRING_WAIT RECORD_SWIFT_NAME("cqringWait") = 14,
    RECORD_TASK_WORK_RUN RECORD_SWIFT_NAME("taskWorkRun") = 15,
    RECORD_LOCAL_WORK_RUN RECORD_SWIFT_NAME("localWorkRun") = 16,
    RECORD_SHORT_WRITE RECORD_SWIFT_NAME("shortWrite") = 17,
    /* from fentry, where the kernel allows it */
    RECORD_SKIP RECORD_SWIFT_NAME("skip") = 18,
    /* buffers: with a completion, a call of io_uring_register, or from fentry */
    RECORD_COMMAND RECORD_SWIFT_NAME("command") = 19,
    RECORD_BUFFER_USE RECORD_SWIFT_NAME("bufferUse") = 20,
    RECORD_BUFFER_RELEASE RECORD_SWIFT_NAME("bufferRelease") = 21,
    RECORD_BUFFER_TABLE RECORD_SWIFT_NAME("bufferTable") = 22,
    RECORD_BUFFER_SLOT RECORD_SWIFT_NAME("bufferSlot") = 23,
    RECORD_REGISTER_ARGUMENT RECORD_SWIFT_NAME("registerArgument") = 24,
    RECORD_BLOCK_REQUEST RECORD_SWIFT_NAME("blockRequest") = 25,
    RECORD_GROUP_BUFFER RECORD_SWIFT_NAME("groupBuffer") = 26,
    RECORD_SUBMIT_STACK RECORD_SWIFT_NAME("submitStack") = 27,
    RECORD_FUSE_REQUEST RECORD_SWIFT_NAME("fuseRequest") = 28, /* with a completion, where it lends pages */
    RECORD_LOCAL_BUFFER RECORD_SWIFT_NAME("localBuffer") = 29, /* with a submission, on patched kernels */
    /* added by uringtop */
    RECORD_RING_FOUND RECORD_SWIFT_NAME("ringFound") = 64,
    RECORD_RING_FD RECORD_SWIFT_NAME("ringFd") = 65,
    RECORD_RING_CLOSED RECORD_SWIFT_NAME("ringClosed") = 66,
    RECORD_TASK_NAME RECORD_SWIFT_NAME("taskName") = 67,
    RECORD_FILE_NAME RECORD_SWIFT_NAME("fileName") = 68,
    RECORD_LOST RECORD_SWIFT_NAME("lost") = 69,
    RECORD_FREED RECORD_SWIFT_NAME("freed") = 70,
    RECORD_FLAG_NAME RECORD_SWIFT_NAME("flagName") = 71,
    RECORD_END RECORD_SWIFT_NAME("end") = 72,
    RECORD_COUNTS RECORD_SWIFT_NAME("counts") = 90,
    RECORD_SYMBOL RECORD_SWIFT_NAME("symbol") = 73,
    RECORD_PROVIDED_TAIL RECORD_SWIFT_NAME("providedTail") = 74,
    /* what the kernel's own structures say, found by walking them */
    RECORD_RING_DEPTH RECORD_SWIFT_NAME("ringDepth") = 80,
    RECORD_RING_BALANCE RECORD_SWIFT_NAME("ringBalance") = 81,
    RECORD_PARKED RECORD_SWIFT_NAME("parked") = 82,
    RECORD_UNSUBMITTED RECORD_SWIFT_NAME("unsubmitted") = 83,
    RECORD_UNREAPED RECORD_SWIFT_NAME("unreaped") = 84,
    RECORD_KERNEL_STACK RECORD_SWIFT_NAME("kernelStack") = 85,
    RECORD_FILE_STATE RECORD_SWIFT_NAME("fileState") = 86,
    RECORD_DISK_REQUEST RECORD_SWIFT_NAME("diskRequest") = 87,
    RECORD_USER_STACK RECORD_SWIFT_NAME("userStack") = 88,
    RECORD_REGISTERED_FILE RECORD_SWIFT_NAME("registeredFile") = 89,
    RECORD_PROVIDED_GROUP RECORD_SWIFT_NAME("providedGroup") = 91,
};

/* Where the kernel keeps a request that is in flight. */
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("RecordPlace") record_place : __u8{
    RECORD_PLACE_NONE RECORD_SWIFT_NAME("none") = 0,
    RECORD_PLACE_LINKED RECORD_SWIFT_NAME("linked") = 1,            /* behind another of its chain */
    RECORD_PLACE_DEFERRED RECORD_SWIFT_NAME("deferred") = 2,        /* behind a drain */
    RECORD_PLACE_POLL RECORD_SWIFT_NAME("poll") = 3,                /* armed on its file */
    RECORD_PLACE_TIMEOUT RECORD_SWIFT_NAME("timeout") = 4,          /* a TIMEOUT that runs */
    RECORD_PLACE_LINK_TIMEOUT RECORD_SWIFT_NAME("linkTimeout") = 5, /* a LINK_TIMEOUT that runs */
    RECORD_PLACE_COMMAND RECORD_SWIFT_NAME("command") = 6,          /* a URING_CMD that can be cancelled */
    RECORD_PLACE_FUTEX RECORD_SWIFT_NAME("futex") = 7,
    RECORD_PLACE_WAITID RECORD_SWIFT_NAME("waitid") = 8,
    RECORD_PLACE_IOPOLL RECORD_SWIFT_NAME("iopoll") = 9,             /* polled I/O */
    RECORD_PLACE_BLOCK RECORD_SWIFT_NAME("block") = 10,              /* in the block layer */
    RECORD_PLACE_WORK_QUEUED RECORD_SWIFT_NAME("workQueued") = 11,   /* io-wq: no worker has it yet */
    RECORD_PLACE_WORK_RUNNING RECORD_SWIFT_NAME("workRunning") = 12, /* io-wq: a worker executes it */
    RECORD_PLACE_TASK_WORK RECORD_SWIFT_NAME("taskWork") = 13,       /* woken, its task has not run */
};

/* The function that was seen to give a buffer back. */
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("ReleaseFunction") record_release : __u32{
    RECORD_FREE_RSRC_NODE RECORD_SWIFT_NAME("freeRsrcNode") = 1,   /* io_free_rsrc_node, 6.15 and later */
    RECORD_RELEASE_UBUF RECORD_SWIFT_NAME("releaseUbuf") = 2,      /* io_release_ubuf, as imu->release */
    RECORD_UBLK_IO_RELEASE RECORD_SWIFT_NAME("ublkIORelease") = 3, /* ublk_io_release, as imu->release */
    RECORD_FUSE_RELEASE RECORD_SWIFT_NAME("fuseRelease") = 4,      /* fuse_zero_copy_release, 7.3 */
    RECORD_BUFFER_UNMAP RECORD_SWIFT_NAME("bufferUnmap") = 5,      /* io_buffer_unmap, up to 6.12 */
    RECORD_GROUP_GIVEBACK RECORD_SWIFT_NAME("groupGiveback") = 6,  /* grp_kbuf_ack (SQE groups) */
};

/* record_submit.group_role, on patched kernels. */
#define RECORD_ROLE_LEADS 1       /* an SQE group */
#define RECORD_ROLE_MEMBER 2      /* of an SQE group */
#define RECORD_ROLE_LENDS_LOCAL 3 /* sets up a local buffer; a RECORD_LOCAL_BUFFER follows */
#define RECORD_ROLE_USES_LOCAL 4  /* the same of one that uses it */

/* What a registered buffer is to its members: ITER_DEST and ITER_SOURCE as bits. */
#define RECORD_BUFFER_DESTINATION 1
#define RECORD_BUFFER_SOURCE 2

/* Why records were lost. */
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("LossCause") record_loss : __u32{
    RECORD_LOST_RING_FULL RECORD_SWIFT_NAME("ringBufferFull") = 0, /* the reader fell behind */
    RECORD_LOST_OUTPUT RECORD_SWIFT_NAME("outputStalled") = 1,     /* the recording's disk fell behind */
    RECORD_LOST_NOT_RUN RECORD_SWIFT_NAME("notRun") = 2, /* the kernel skipped a program; at most so many */
};

/* What every record starts with. */
struct record {
  __u64 time_ns; /* CLOCK_MONOTONIC */
  __u64 ctx;     /* struct io_ring_ctx *, the ring; 0 where the event names none */
  __u64 req;     /* struct io_kiocb *, reused by the kernel at once; 0 where the event names none */
  __u32 tid;     /* the thread that was running when the event fired */
  __u16 size;    /* of the whole record in bytes, this header included */
  enum record_kind kind;
  __u8 opcode; /* IORING_OP_* of the request, RECORD_OPCODE_NONE where there is no request */
};

/* An SQE as the application wrote it: the first 64 bytes, include/uapi/linux/io_uring.h. */
struct record_sqe {
  __u8 opcode;
  __u8 flags; /* IOSQE_* */
  __u16 ioprio;
  __s32 fd;       /* or fixed-file index with IOSQE_FIXED_FILE */
  __u64 off;      /* or addr2; low half is cmd_op for URING_CMD */
  __u64 addr;     /* or splice_off_in */
  __u32 len;      /* bytes, iovecs or events, by opcode */
  __u32 op_flags; /* rw_flags, msg_flags, poll32_events, …: the opcode's own */
  __u64 user_data;
  __u16 buf_index; /* or buf_group */
  __u16 personality;
  __u32 file_index; /* or splice_fd_in, optlen, addr_len */
  __u64 addr3;      /* first half of the command area for URING_CMD */
  __u64 pad2;       /* second half */
};

struct record_create {
  struct record base;
  __s32 fd;
  __u32 tgid;
  __u32 sq_entries;
  __u32 cq_entries;
  __u32 flags;         /* IORING_SETUP_* */
  __u32 sq_thread_tid; /* of the iou-sqp thread, 0 without SQPOLL */
  char comm[RECORD_COMM_LEN];
};

struct record_register {
  struct record base;
  __s64 result;
  __u32 opcode; /* IORING_REGISTER_* */
  __u32 nr_files;
  __u32 nr_bufs;
  __u32 tgid;
};

struct record_file_get {
  struct record base;
  __s32 fd;
  __u32 reserved;
};

struct record_submit {
  struct record base;
  __u64 flags;       /* REQ_F_*: bits differ between kernels, named by RECORD_FLAG_NAME */
  __u64 notif;       /* SEND_ZC, SENDMSG_ZC: the io_kiocb that will post the notification; else 0 */
  __u32 tgid;        /* of the submitter; of the ring's owner with SQPOLL */
  __u8 sq_thread;    /* 1: submitted by the iou-sqp thread */
  __u8 sqe_is_known; /* 0: the SQE could not be read; only opcode, flags and user_data are valid */
  __u16 group_role;  /* RECORD_ROLE_*, else 0 */
  struct record_sqe sqe;
};

struct record_queue_async_work {
  struct record base;
  __u32 hashed; /* 1: serialised with other work on the same file */
  __u32 reserved;
};

struct record_poll_arm {
  struct record base;
  __s32 mask;   /* what the file reported when armed */
  __s32 events; /* what is waited for, POLL* */
};

struct record_task_add {
  struct record base;
  __s32 mask; /* the wake-up's POLL* events */
  __u32 reserved;
};

struct record_defer {
  struct record base;
};

struct record_link {
  struct record base;
  __u64 target; /* 6.1: the chain's head; later: the previous request. Either is in the same chain. */
};

struct record_fail_link {
  struct record base; /* req: the request named as the failed one; not always the cause */
  __u64 link;         /* the request that is cancelled */
};

struct record_complete {
  struct record base; /* req 0: a multishot's or other auxiliary CQE */
  __u64 user_data;
  __s32 res;
  __u32 cflags; /* IORING_CQE_F_* */
  __u64 extra1; /* the second half of a 32-byte CQE, else 0 */
  __u64 extra2;
};

/*
 * A completion of a request of whose submission there is no record: `size` tells it from a
 * record_complete, which it starts as.
 */
struct record_complete_unseen {
  struct record_complete complete;
  __u64 submitted_ns; /* time of the submission */
};

struct record_cqe_overflow {
  struct record base; /* req: where the program could match it, else 0 */
  __u64 user_data;
  __s32 res;
  __u32 cflags;
  __u32 dropped; /* 1: no memory, the CQE is lost for good */
  __u32 reserved;
};

/* A request that failed in preparation. It has no RECORD_SUBMIT (inside a link on 6.1 it may). */
struct record_req_failed {
  struct record base;
  __u64 flags;
  __s32 error; /* negative errno */
  __u32 tgid;
  struct record_sqe sqe;
};

struct record_cqring_wait {
  struct record base;
  __s32 min_events;
  __u32 tgid;
};

struct record_task_work_run {
  struct record base; /* ctx 0: one io_uring_task serves all rings of a task */
  __u64 tctx;
  __u32 count;
  __u32 loops; /* 0 where the kernel does not tell (6.12 and later) */
};

struct record_local_work_run {
  struct record base;
  __u32 count;
  __u32 loops;
};

struct record_short_write {
  struct record base; /* req 0: the tracepoint names only the ring; tid and offset find the request */
  __u64 pos;
  __u64 wanted;
  __u64 got;
};

/* A request whose success posts no CQE (IOSQE_CQE_SKIP_SUCCESS) was flushed. */
struct record_skip {
  struct record base;
  __s32 res;
  __u32 reserved;
};

/* The block request behind a ublk command or buffer. */
struct record_block {
  __u64 request;   /* struct request *, priv of the buffer; 0: not known */
  __u64 sector;    /* of 512 bytes */
  __u32 length;    /* bytes */
  __u32 operation; /* REQ_OP_* */
  __u16 queue;
  __u16 tag;
  __u32 io_flags; /* UBLK_IO_FLAG_* of the driver's own; 0 where not known */
  char disk[32];  /* ublkb0 */
};

/* A registered buffer as the kernel had it: struct io_mapped_ubuf and its io_rsrc_node. */
struct record_buffer {
  __u64 buffer;  /* struct io_mapped_ubuf *; 0: the slot is empty */
  __u64 node;    /* struct io_rsrc_node *; 0 up to 6.12 */
  __u64 address; /* of the application, 0 for a kernel buffer */
  __u64 length;
  __u64 priv;    /* what release gets: struct request * for ublk */
  __u64 release; /* the function; 0 up to 6.12 */
  __u64 tag;
  __s32 references; /* of the node: the table's, and one for each request; -1 up to 6.12 */
  __u32 sharers;    /* of the buffer: rings that share it */
  __u32 segments;
  __u32 index; /* slot; ~0: not known */
  __u8 is_kernel;
  __u8 direction; /* RECORD_BUFFER_* */
  __u8 in_table;  /* 1: still in slot `index` */
  __u8 reserved[5];
};

/* A URING_CMD of ublk completed: comes just before its RECORD_COMPLETE. */
struct record_command {
  struct record base;
  __u64 device;  /* the character device's private data: tells devices apart */
  __u32 command; /* cmd_op */
  __u32 flags;   /* UBLK_F_* of the queue, low half; 0 where not known */
  struct record_block block;
};

/* The registered buffer of a request that completes: comes just before its RECORD_COMPLETE. */
struct record_buffer_use {
  struct record base; /* req: for zero-copy sends from 6.15 the notification's io_kiocb */
  struct record_buffer buffer;
};

/*
 * A FUSE server's command completes with a request whose pages are in a slot of the ring's table: comes just
 * before its RECORD_COMPLETE.
 */
struct record_fuse_request {
  struct record base;
  __u64 unique;
  __u64 node;   /* of the file, as the server named it */
  __u64 offset; /* in the file */
  __u32 length;
  __u32 operation; /* FUSE_READ or FUSE_WRITE */
  __u32 command;   /* FUSE_IO_URING_CMD_* */
  __u32 queue;
  struct record_buffer buffer;
};

/* The block request behind the buffer of the RECORD_BUFFER_USE that follows. */
struct record_block_request {
  struct record base;
  struct record_block block;
};

/* A buffer was given back: from fentry on the function that does it. */
struct record_buffer_release {
  struct record base; /* ctx 0 where the function does not know the ring */
  __u64 buffer;
  __u64 node;
  __u64 priv;
  __u64 release;
  enum record_release function;
  __u32 sharers; /* before; the memory itself is given back at 1 */
};

/*
 * The ring's table of buffers: the RECORD_BUFFER_SLOT that follow are its slots from `first` to before
 * `first + count`; those that do not come are empty.
 */
struct record_buffer_table {
  struct record base;
  __u32 size; /* of the whole table */
  __u32 first;
  __u32 count;
  __u32 register_opcode; /* IORING_REGISTER_* that changed it, ~0: read by uringtop */
};

struct record_buffer_slot {
  struct record base;
  struct record_buffer buffer;
};

/* What a call of io_uring_register was given: comes just before its RECORD_REGISTER. */
struct record_register_argument {
  struct record base;
  __u32 opcode; /* IORING_REGISTER_* */
  __u32 nr_args;
  __u64 words[4]; /* the first 32 bytes of the argument */
};

/* SQE groups (patched kernels): the buffer of the leader of a member or leader that completes. */
struct record_group_buffer {
  struct record base;
  __u64 leader;      /* struct io_kiocb *; req itself where that is the leader */
  __u64 acknowledge; /* grp_kbuf_ack */
  __u64 length;
  __u64 offset;
  __u32 segments;
  __u32 direction;
};

/*
 * Local buffers (patched kernels): the one that a request sets up for its submission, or uses. Comes after its
 * RECORD_SUBMIT.
 */
struct record_local_buffer {
  struct record base;
  struct record_buffer buffer; /* in no slot */
  __u32 role;                  /* RECORD_ROLE_* */
  __u32 reserved;
};

/*
 * A ring that existed before uringtop attached, or whose particulars have changed. It starts the list of
 * the ring's descriptors anew: the record_ring_fd that follow are all of them.
 */
struct record_ring_found {
  struct record base;
  __u32 tgid; /* of the owner: the process that created it where known, else the first that has it */
  __u32 sq_entries;
  __u32 cq_entries;
  __u32 flags;
  __u32 sq_thread_tid;
  __u32 nr_files; /* registered */
  __u32 nr_bufs;
  __u32 reserved;
  char comm[RECORD_COMM_LEN];
};

/* A file descriptor that refers to a ring. fd -1: only a registered ring index. */
struct record_ring_fd {
  struct record base;
  __u32 tgid;
  __s32 fd;
};

/*
 * No task had the ring any more at time_ns. Valid only if nothing was heard of the ring after that: a ring
 * without descriptors lives on while its SQ thread works or its requests are cancelled, and its memory
 * may be a new ring's. Can come more than once.
 */
struct record_ring_closed {
  struct record base;
};

struct record_task_name {
  struct record base; /* tid: the thread that is named */
  __u32 tgid;
  __u32 reserved;
  char comm[RECORD_COMM_LEN];
};

/* Followed by `length` bytes of UTF-8, padded with zeroes to a multiple of 8. */
struct record_file_name {
  struct record base;
  __u32 tgid;
  __s32 fd;       /* or fixed index */
  __u32 is_fixed; /* 1: registered file `fd` of ring ctx */
  __u32 length;
};

struct record_lost {
  struct record base;
  __u64 count; /* since the last such record */
  enum record_loss cause;
  __u32 reserved;
};

/*
 * What happened on a ring without a record, by opcode, since the last such record: because records were
 * lost, or because the request is not in the sample. Followed by `errors` and then `latencies` pairs
 * (struct record_count).
 */
struct record_counts {
  struct record base; /* opcode: of the requests, RECORD_OPCODE_NONE for CQEs that name none */
  __u64 submitted;    /* those that failed in preparation included */
  __u64 failed;       /* in preparation */
  __u64 completed;    /* requests that ended with a CQE in the ring */
  __u64 cqes;
  __u64 auxiliary;   /* CQEs that name no request and do not say that more follow */
  __u64 overflows;   /* CQEs in the overflow list */
  __u64 dropped;     /* of these: there was no memory */
  __u64 skipped;     /* requests that ended without a CQE, as asked */
  __u64 bytes;       /* sum of the positive results of CQEs that name their request */
  __u64 unmeasured;  /* ends of requests whose latency is not known */
  __u64 latency_sum; /* nanoseconds, of those below */
  __u32 errors;      /* pairs: errno, requests that ended with it */
  __u32 latencies;   /* pairs: bucket (128 to a doubling, each value up to 255 its own), requests */
};

struct record_count {
  __u32 what;
  __u32 count;
};

/*
 * The kernel's own free list was seen to hold this request: it has ended, though no event told. Valid
 * only if nothing was heard of req after time_ns, when the walk began.
 */
struct record_freed {
  struct record base;
};

/* The name of one REQ_F_* bit on the kernel that wrote the stream, without the prefix. */
struct record_flag_name {
  struct record base;
  __u32 bit;
  char name[28];
};

/* The name of a kernel function. */
struct record_symbol {
  struct record base;
  __u64 address; /* below 64: an enum record_release, which is watched from this record on */
  char name[56];
};

/* How far the application has filled a buffer ring. */
struct record_provided_tail {
  struct record base;
  __u32 bgid;
  __u32 tail; /* modulo 65536 */
};

/* A recording's last record: without it the recording was cut off. */
struct record_end {
  struct record base;
  __u64 records; /* before this one */
  __u64 lost;
};

/* What a ring's SQPOLL thread does. */
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("ThreadActivity") record_thread : __u8{
    RECORD_THREAD_UNKNOWN RECORD_SWIFT_NAME("unknown") = 0, /* there is none */
    RECORD_THREAD_POLLS RECORD_SWIFT_NAME("polls") = 1,     /* looks for SQEs by itself */
    RECORD_THREAD_SLEEPS RECORD_SWIFT_NAME("sleeps") = 2,   /* until io_uring_enter wakes it */
};

/*
 * How full a ring is, and who waits in io_uring_enter for its completions; all of one moment. Written when
 * it has changed.
 */
struct record_ring_depth {
  struct record base;
  __u32 sq_pending;   /* SQEs that the application has queued and the kernel has not taken */
  __u32 cq_pending;   /* CQEs posted and not reaped */
  __u8 is_overflowed; /* 1: CQEs wait in the overflow list */
  enum record_thread sq_thread;
  __u16 reserved;
  __u32 waiters;    /* tasks that wait, 64 at most */
  __u32 waiter_tid; /* the first of them, 0 if none */
  __u32 waiter_tgid;
  __u32 waiter_missing;   /* CQEs that must still come before it goes on */
  __u32 waiter_asleep_ms; /* it has not run for this long before time_ns; 0: less than a second, or unknown */
  __u32 sq_thread_ms;     /* CPU time of the SQ thread so far, 0 if unknown or there is none */
};

/* How a ring's outstanding requests were counted. */
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("BalanceMethod") record_balance : __u32{
    RECORD_BALANCE_UNKNOWN RECORD_SWIFT_NAME("unknown") = 0,
    RECORD_BALANCE_ALLOCATED RECORD_SWIFT_NAME("allocated") =
        1, /* allocated less free: exact; 6.17 and later */
    RECORD_BALANCE_REFERENCES RECORD_SWIFT_NAME("references") = 2, /* references to the ring less free ones */
    RECORD_BALANCE_SEQUENCE RECORD_SWIFT_NAME("sequence") = 3, /* SQEs taken less CQEs posted: an estimate */
};

/*
 * What a ring's own counters say at time_ns, when the walk over its lists began. The RECORD_UNSUBMITTED and
 * RECORD_UNREAPED that follow replace those known before.
 */
struct record_ring_balance {
  struct record base;
  __u64 outstanding; /* requests, and notifications of zero-copy sends, that have not ended */
  enum record_balance method;
  __u32 reached; /* different requests that the walk found */
};

/* Bits of record_parked.known: what the kernel still has of the SQE, and how sure it is. */
#define RECORD_KNOWS_OFF 1
#define RECORD_KNOWS_ADDR 2
#define RECORD_KNOWS_LEN 4
#define RECORD_KNOWS_FLAGS 8
#define RECORD_KNOWS_BUFFER 16
#define RECORD_KNOWS_FD 32         /* fd still names the request's file */
#define RECORD_KNOWS_START 64      /* since_ns is when it was submitted */
#define RECORD_KNOWS_MULTISHOT 128 /* it can post several CQEs */

/*
 * A request that a walk found in flight. The walk began at time_ns: valid only if nothing was heard of req
 * after that. The SQE is gone by then; fields are what the kernel's structure still has of it.
 */
struct record_parked {
  struct record base; /* tid: the worker that executes it, else 0 */
  __u64 since_ns;     /* it was submitted before this */
  __u64 behind;       /* LINKED, LINK_TIMEOUT: the io_kiocb before it in the chain; else 0 */
  __u64 flags;        /* REQ_F_*; the low byte is the SQE's */
  __u64 user_data;
  __u64 off;
  __u64 addr;
  __u64 expires_ns; /* timeouts: when they fire; else 0 */
  __u32 len;
  __u32 op_flags;
  __s32 fd;          /* or fixed-file index */
  __u32 poll_events; /* POLL: what is waited for */
  __u32 tgid;        /* of the submitter */
  __u32 submitter_tid;
  __u16 buf_index;
  enum record_place place;
  __u8 known; /* RECORD_KNOWS_* */
  __u32 ublk; /* COMMAND: 1 << 31 | queue << 16 | tag of a ublk command; 0: it is none, or not known */
};

/*
 * A slot of the ring's table of registered files that holds one. Those that follow a RECORD_RING_BALANCE
 * replace those known before; of a large table not all are listed.
 */
struct record_registered_file {
  struct record base;
  __u64 tag;
  __u64 inode;
  __u32 index;
  __s32 references; /* held by requests; -1: the kernel does not count them for each file (up to 6.12) */
  __u16 mode;       /* of the inode, S_IF* */
  __u8 can_read;    /* 1: it was opened for that */
  __u8 can_write;
  __u32 file_system; /* its magic number, statfs(2) */
};

/* A group of provided buffers, as the kernel had it at time_ns. */
struct record_provided_group {
  struct record base;
  __u32 bgid;
  __u32 left;    /* buffers to choose from */
  __u32 entries; /* of a buffer ring; 0: provided by PROVIDE_BUFFERS */
  __u32 reserved;
};

/* An SQE that the application has queued and the kernel has not taken. req is 0. */
struct record_unsubmitted {
  struct record base;
  struct record_sqe sqe;
};

/* A CQE that the application has not reaped. */
struct record_unreaped {
  struct record base;
  __u64 user_data;
  __s32 res;
  __u32 cflags;
  __u32 is_overflowed; /* 1: in the overflow list; 0: in the ring */
  __u32 reserved;
};

/*
 * The kernel stack of thread tid, which executes req. Followed by `length` bytes of text, the innermost
 * frame first, one a line, padded with zeroes to a multiple of 8. Empty: the kernel does not tell.
 */
struct record_kernel_stack {
  struct record base;
  __u32 length;
  __u32 are_hidden; /* 1: names are hidden (kptr_restrict), the text has addresses */
};

/*
 * The file of a request, asked a moment ago. Followed by `length` bytes of text that says more (a socket's
 * addresses), padded with zeroes to a multiple of 8.
 */
struct record_file_state {
  struct record base;
  __u32 poll_events; /* what it reports now, POLL* */
  __u32 length;
  __s64 receive_bytes; /* bytes that can be read; -1: it does not tell */
  __s64 send_bytes;    /* bytes not sent yet; -1: it does not tell */
};

/*
 * What the block layer works on for a request, or for a ublk device whose server has a ring. Found by a walk
 * that began at time_ns; the first of a walk has no block request, and voids those of earlier walks.
 */
struct record_disk_request {
  struct record base; /* ctx and req: of the io_uring request, 0 if it is of no ring that was looked at */
  __u64 start_ns;     /* when the block layer began with it; 0: not known (no I/O statistics) */
  __u64 issued_ns;    /* when the driver got it; 0: not known */
  struct record_block block;
  __u32 server_tgid; /* ublk: the server of the device; 0 where not known */
  __u8 with_server;  /* ublk: 1: the server has it and has not committed it */
  __u8 reserved[3];
};

/* From where a request was submitted: comes after its RECORD_SUBMIT, if that is asked for. */
struct record_submit_stack {
  struct record base;
  __u32 tgid;
  __u32 stack; /* its number in the kernel's table: with tgid the name of a RECORD_USER_STACK */
};

/*
 * A user stack. Followed by `length` bytes of text, the innermost frame first, one a line, padded with zeroes
 * to a multiple of 8. ctx and req are 0: requests share it.
 */
struct record_user_stack {
  struct record base;
  __u32 tgid;
  __u32 stack;
  __u32 length;
  __u32 reserved;
};

/* What a recording starts with; all text is UTF-8 padded with zeroes. */
#define RECORDING_MAGIC "URINGTOP"
struct recording_header {
  char magic[8];
  __u32 schema;      /* RECORD_SCHEMA */
  __u32 header_size; /* of this struct: the first record is there */
  __u64 start_ns;    /* CLOCK_MONOTONIC */
  __u64 start_realtime_ns;
  char tool_version[32];
  char kernel[64]; /* uname -r */
  char tier[16];   /* capability tier */
  /* not in the first recordings: header_size tells */
  __u32 sampling; /* one request in this many has records, the others are only counted */
  __u32 reserved;
};

#endif
