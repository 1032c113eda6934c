/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Events of a request, from its submission to its end. */

#ifdef RECORD_KINDS
// clang-format off
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
RECORD_SHORT_WRITE RECORD_SWIFT_NAME("shortWrite") = 17,
RECORD_SKIP RECORD_SWIFT_NAME("skip") = 18,
RECORD_SUBMIT_STACK RECORD_SWIFT_NAME("submitStack") = 27,
RECORD_REQUEST_FILE RECORD_SWIFT_NAME("requestFile") = 40,
RECORD_FREED RECORD_SWIFT_NAME("freed") = 70,
// clang-format on
#else

/* Values of record_submit.group_role and record_local_buffer.role: SQE groups and local buffers (patched kernels). */
#define RECORD_ROLE_LEADS 1
#define RECORD_ROLE_MEMBER 2
#define RECORD_ROLE_LENDS_LOCAL 3
#define RECORD_ROLE_USES_LOCAL 4

/*
 * A file was assigned to a request.
 *
 * @title "file_get" faint
 * @needs ring request
 * @event
 * @logged
 * @plain fd
 */
struct record_file_get {
  struct record base;
  __s32 fd; /* descriptor; SPLICE and TEE have a second event for the input file */
  __u32 reserved;
  struct record_file_identity file; /* identity of the file, null if unknown @object @null zero @added 1 */
};

/*
 * The file of a request, where no `file_get` reports it. A registered file is recorded at submission, when a poll is
 * armed for the request, and when the request is handed to a worker. The input of a SPLICE or TEE is recorded when an
 * inventory (a search of the kernel's structures for requests in flight) finds the request.
 *
 * @title "file" faint
 * @needs ring request
 * @plain fd
 */
struct record_request_file {
  struct record base;
  __s32 fd;      /* descriptor, or index of a registered file; -1 if unknown */
  __u8 is_input; /* SPLICE, TEE: true for the file that is read from @json input @bool */
  /* true if recorded at submission; a request waiting for another can still get another file @json submitted @bool */
  __u8 is_submitted;
  /* true if this is the file that `fd` refers to now; the request may hold another file @json derived @bool */
  __u8 is_derived;
  __u8 is_fixed;                    /* true if fd is the index of a registered file @json fixed @bool */
  struct record_file_identity file; /* identity of the file @object */
};

/*
 * A request was submitted.
 *
 * @title "submit" strong
 * @needs ring request
 * @event
 * @logged
 * @order flags tgid sq_thread notif group_role sqe_is_known sqe
 * @plain tgid group_role
 */
struct record_submit {
  struct record base;
  /* REQ_F_*; the bits differ between kernels, `flag_name` records name them @json flag_bits @requestFlags */
  __u64 flags;
  /* SEND_ZC, SENDMSG_ZC: the io_kiocb that will post the notification @hex @omit @redact kernel */
  __u64 notif;
  __u32 tgid;     /* process of the submitter; with SQPOLL, the ring's owner @json pid */
  __u8 sq_thread; /* true if the SQ thread (iou-sqp) submitted the request @bool */
  /* false if the SQE was unreadable: only opcode, flags and user_data are valid @json sqe_known @bool */
  __u8 sqe_is_known;
  /* patched kernels: 1 leads an SQE group, 2 is a member of one, 3 sets up a local buffer, 4 uses one @omit */
  __u16 group_role;
  struct record_sqe sqe; /* @if sqe_is_known */
};

/*
 * A request was handed to a worker of io-wq.
 *
 * @title "queue_async_work" warning
 * @needs ring request
 * @event
 * @logged
 */
struct record_queue_async_work {
  struct record base;
  __u32 hashed; /* true if serialized with other work on the same file @bool */
  __u32 reserved;
};

/*
 * A request waits for its file to become ready.
 *
 * @title "poll_arm"
 * @needs ring request
 * @event
 * @logged
 * @plain mask events
 */
struct record_poll_arm {
  struct record base;
  __s32 mask;   /* POLL* events that were ready when the poll was armed */
  __s32 events; /* POLL* events that the request waits for */
};

/*
 * A request was woken; task work will continue it.
 *
 * @title "task_add" faint
 * @needs ring request
 * @event
 * @logged
 * @plain mask
 */
struct record_task_add {
  struct record base;
  __s32 mask; /* POLL* events of the wake-up */
  __u32 reserved;
};

/*
 * A request waits for earlier requests, because of IOSQE_IO_DRAIN.
 *
 * @title "defer" warning
 * @needs ring request
 * @event
 * @logged
 */
struct record_defer {
  struct record base;
};

/*
 * A request was added to a chain of linked requests.
 *
 * @title "link"
 * @needs ring request
 * @event
 * @logged
 */
struct record_link {
  struct record base;
  /* a request of the same chain: the head up to 6.1, the previous request in later kernels @hex @redact kernel */
  __u64 target;
};

/*
 * A request is cancelled because its chain failed. `req` is the request that the kernel reports as failed. The cause
 * of the failure can be another request.
 *
 * @title "fail_link" error
 * @needs ring request
 * @event
 * @logged
 */
struct record_fail_link {
  struct record base;
  __u64 link; /* the request that is cancelled @hex @redact kernel */
};

/*
 * A CQE was posted. `req` is 0 for auxiliary CQEs, which include all CQEs of a multishot request but its last.
 *
 * @title "complete" good
 * @needs ring
 * @event
 * @logged
 * @plain res cflags
 */
struct record_complete {
  struct record base;
  __u64 user_data; /* user_data of the request @line user_data @redact user */
  __s32 res;       /* result, or a negative errno @json result @derive errno */
  __u32 cflags;    /* IORING_CQE_F_* @derive cqe_flags */
  __u64 extra1;    /* first half of the extra data of a 32-byte CQE @hex @omit extra1 extra2 @redact erase */
  __u64 extra2;    /* second half of the extra data of a 32-byte CQE @hex @omit extra1 extra2 @redact erase */
};

/*
 * The completion of a request whose submission has no record. The struct begins like record_complete. `size` shows
 * which of the two structs a record has.
 *
 * @extends complete
 */
struct record_complete_unseen {
  struct record_complete complete;
  __u64 submitted_ns; /* time of the submission that has no record @added 1 @redact time */
};

/*
 * A CQE did not fit into the completion queue. `req` is 0 if the BPF program could not find the request.
 *
 * @title "cqe_overflow" error
 * @needs ring
 * @event
 * @logged
 * @plain res cflags
 */
struct record_cqe_overflow {
  struct record base;
  __u64 user_data; /* user_data of the request @line user_data @redact user */
  __s32 res;       /* result, or a negative errno @json result @derive errno */
  __u32 cflags;    /* IORING_CQE_F_* @derive cqe_flags */
  __u32 dropped;   /* true if the CQE is lost, because the kernel had no memory for it @bool */
  __u32 reserved;
};

/*
 * A request failed in preparation. The request has no `submit`, except that on 6.1 a request inside a link may have
 * one.
 *
 * @title "req_failed" error
 * @needs ring request
 * @event
 * @logged
 * @order error flags tgid sqe
 * @plain error tgid
 */
struct record_req_failed {
  struct record base;
  __u64 flags; /* REQ_F_*, as in `submit` @json flag_bits @requestFlags */
  __s32 error; /* negative errno @derive errno */
  __u32 tgid;  /* process of the submitter @json pid */
  struct record_sqe sqe;
};

/*
 * A write transferred a part of its data and continues. `req` is 0 because the tracepoint names only the ring; thread
 * and offset identify the request.
 *
 * @title "short_write" warning
 * @needs ring
 * @event
 * @logged
 * @plain pos wanted got
 */
struct record_short_write {
  struct record base;
  __u64 pos;    /* offset in the file; -1: the file's own position @signed @any */
  __u64 wanted; /* size of the write @unit bytes */
  __u64 got;    /* data written so far @unit bytes */
};

/*
 * A request ended without a CQE, as requested by IOSQE_CQE_SKIP_SUCCESS. Recorded only where the kernel allows fentry.
 *
 * @title "skip" good
 * @needs ring request
 * @event
 * @logged
 * @plain res
 */
struct record_skip {
  struct record base;
  __s32 res; /* result @json result @derive errno */
  __u32 reserved;
};

/*
 * The user stack of the thread that submitted a request. The record follows the request's `submit` if stacks were
 * requested (`--stacks`).
 *
 * @title "submit stack" faint
 * @needs ring request
 * @plain tgid stack
 */
struct record_submit_stack {
  struct record base;
  __u32 tgid;  /* process of the stack @json pid */
  __u32 stack; /* id in the kernel's table of stacks: with `pid` it identifies a `user_stack` */
};

/*
 * The kernel's list of free requests contains this request: the request has ended, although no event reported its end.
 * The search of the list began at `time_ns`; the record is void if a later record names the request.
 *
 * @title "freed" faint
 * @needs request
 * @event
 */
struct record_freed {
  struct record base;
};

#endif
