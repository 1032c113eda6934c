/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The system calls of io_uring, and the limits of the processes that make them. */

#ifdef RECORD_KINDS
// clang-format off
RECORD_CALLS_WATCHED RECORD_SWIFT_NAME("callsWatched") = 101,
RECORD_SYSTEM_CALLS RECORD_SWIFT_NAME("systemCalls") = 102,
RECORD_PROCESS_LIMITS RECORD_SWIFT_NAME("processLimits") = 103,
RECORD_LAST_TAKEN RECORD_SWIFT_NAME("lastTaken") = 104,
// clang-format on
#else

/* The system calls of io_uring. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("RingCall") record_call : __u8 {
  RECORD_CALL_UNKNOWN RECORD_SWIFT_NAME("unknown") = 0,   /* @json null */
  RECORD_CALL_SETUP RECORD_SWIFT_NAME("setup") = 1,       /* @json io_uring_setup */
  RECORD_CALL_ENTER RECORD_SWIFT_NAME("enter") = 2,       /* @json io_uring_enter */
  RECORD_CALL_REGISTER RECORD_SWIFT_NAME("register") = 3, /* @json io_uring_register */
};
// clang-format on

/*
 * The start of counting: `system_calls` records count the calls from this time on.
 *
 * @title "calls watched" faint
 */
struct record_calls_watched {
  struct record base;
};

/*
 * Calls of thread `tid` with the same ring and result, counted since `calls_watched`. The record replaces an earlier
 * record of the same calls. `ctx` is 0 for calls that reached no ring, and for io_uring_setup.
 *
 * @title "system calls" faint
 * @order call result count first_ns last_ns getevents_ns tgid fd sqes argument minimum call_flags entered filters
 * @plain count sqes tgid result fd argument minimum call_flags
 */
struct record_system_calls {
  struct record base;
  __u64 count;        /* calls */
  __u64 first_ns;     /* when the first call returned @redact time */
  __u64 last_ns;      /* when the last call returned; fd to call_flags describe this call @redact time */
  __u64 getevents_ns; /* enter: when the last call with IORING_ENTER_GETEVENTS returned @omit @redact time */
  __u64 sqes;         /* enter: SQEs that the kernel took in all calls @omit */
  __u32 tgid;         /* process of the thread @json pid */
  __s32 result;       /* negative errno, 0 for all calls that succeeded @derive errno */
  __s32 fd;           /* descriptor or registered index of the ring; null for setup @null negative */
  __u32 argument;     /* setup: entries; enter: to_submit; register: IORING_REGISTER_* */
  __u32 minimum;      /* setup: cq_entries; enter: min_complete; register: nr_args */
  __u32 call_flags;   /* setup: IORING_SETUP_*; enter: IORING_ENTER_* @hex */
  enum record_call call; /* system call */
  __u8 entered;          /* false if the calls did not reach io_uring @bool */
  __u8 filters;          /* true if a seccomp filter applies to the thread @json seccomp_filter @bool */
  __u8 reserved[5];
};

/*
 * Limits of a process that concern io_uring.
 *
 * @title "process limits" faint
 * @plain locked files tgid disabled
 */
struct record_process_limits {
  struct record base;
  __u64 locked;       /* RLIMIT_MEMLOCK; null if unlimited @json memlock_bytes @null max @unit bytes @any */
  __u64 files;        /* RLIMIT_NOFILE; null if unlimited @json nofile @null max @any */
  __u32 tgid;         /* process @json pid */
  __u32 ignores_lock; /* true with CAP_IPC_LOCK: RLIMIT_MEMLOCK does not apply @bool */
  /* kernel.io_uring_disabled; null if the kernel lacks it @json io_uring_disabled @null negative */
  __s32 disabled;
  __s32 group; /* kernel.io_uring_group; null for none @json io_uring_group @null negative @redact number */
};

/*
 * The SQE that the kernel took last, and the newest CQE with the same `user_data`, both as the ring's memory still
 * holds them. Written with `ring_balance`, for rings with SQEs that the kernel has not taken.
 *
 * @title "last taken" faint
 * @needs ring
 * @order count has_cqe res sqe
 * @plain count res
 */
struct record_last_taken {
  struct record base;
  __u32 count;   /* SQEs taken since the ring was created, modulo 2^32 */
  __s32 res;     /* result of the CQE, or a negative errno @json result @derive errno */
  __u32 has_cqe; /* true if the ring's memory has a CQE with the same user_data @bool */
  __u32 reserved;
  struct record_sqe sqe;
};

#endif
