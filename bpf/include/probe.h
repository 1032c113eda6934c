/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Data that the BPF programs share with user space (module UringProbe), besides the records: constants set before the
 * load, tables in shared memory, and the output of iterators. None of it is stored in recordings.
 */
#ifndef URINGTOP_PROBE_H
#define URINGTOP_PROBE_H

#include "record.h"

/*
 * Maximum number of values in each list of the filter. The verifier follows every iteration over a list, so the lists
 * are short.
 */
#define PROBE_MAX_TGIDS 64
#define PROBE_MAX_COMMS 16
#define PROBE_MAX_FDS 64
#define PROBE_MAX_CGROUPS 8

/*
 * Constants in .rodata. The verifier sees their values and removes the code that they switch off, so an
 * unused filter costs nothing.
 */
struct probe_config {
  __u64 req_f_cqe_skip; /* REQ_F_* masks, up to req_f_multishot; 0 if the running kernel lacks the flag */
  __u64 req_f_reissue;
  __u64 req_f_refcount;
  __u64 req_f_buf_node;  /* 6.15 and later; set in a request whose buf_node is valid */
  __u64 req_f_sqe_group; /* this flag and the next two: only on kernels patched with SQE groups */
  __u64 req_f_sqe_group_leader;
  __u64 req_f_group_kbuf;
  __u64 req_f_multishot;
  __u64 opcodes[4];        /* bit N: requests with IORING_OP_* number N pass */
  __u64 ring_operations;   /* f_op of ring files; only waits.bpf.c reads it */
  __u32 filters_opcodes;   /* 0: every opcode passes */
  __u32 filters_rings;     /* 0: every ring passes, and probe_verdicts is not read */
  __u32 nr_tgids;          /* 0: any process passes */
  __u32 nr_comms;          /* 0: any process name passes */
  __u32 nr_fds;            /* 0: any ring descriptor passes */
  __u32 nr_cgroups;        /* 0: any cgroup passes */
  __u32 with_descendants;  /* 1: rings created by descendants of a listed process pass as well */
  __u32 pid_namespace;     /* inode number of uringtop's pid namespace; 0: the initial one */
  __u32 has_twins;         /* 1: programs on tracepoints can be preempted, see twins.h */
  __u32 claims_atomically; /* 1: claim lanes with atomic operations, see transport.h */
  __u32 can_cast;          /* 1: the kernel has bpf_rdonly_cast (6.2 and later) */
  __u32 samples; /* 1 with --sample: only requests whose hash is at most sample_limit have records */
  __u32 sample_limit;
  __u32 takes_stacks;         /* 1: record the user stack at each submission */
  __u32 counts_by_references; /* 1: count requests by references to the ring (kernels before 6.17) */
  __u32 tgids[PROBE_MAX_TGIDS];
  __s32 fds[PROBE_MAX_FDS];
  __u64 cgroups[PROBE_MAX_CGROUPS]; /* ids in the cgroup v2 hierarchy */
  char comms[PROBE_MAX_COMMS][RECORD_COMM_LEN];
};

/*
 * Placeholders for calls of bpf_rdonly_cast. User space replaces the instructions "r2 = probe_cast; call PROBE_CAST"
 * before the load. An extern function and CO-RE's type ids would also work, but with them libbpf reads and searches all
 * kernel types once more for each object.
 */
#define PROBE_CAST 0x10000
enum probe_cast {
  PROBE_CAST_FILE,
  PROBE_CAST_INODE,
  PROBE_CAST_IO_CMD_DATA,
  PROBE_CAST_IO_KIOCB,
  PROBE_CAST_IO_MAPPED_UBUF,
  PROBE_CAST_IO_RSRC_NODE,
  PROBE_CAST_IO_URING,
  PROBE_CAST_PT_REGS,
  PROBE_CAST_SUPER_BLOCK,
  PROBE_CAST_TASK_STRUCT,
  PROBE_CASTS,
};

/*
 * The filter's verdicts on rings: an open-addressed table of io_ring_ctx pointers. Bit 0 of an entry is set if the ring
 * passes, so one store writes pointer and verdict. Entries are never removed: a new ring at the same address overwrites
 * the verdict on the old ring.
 */
#define PROBE_VERDICT_BITS 13
#define PROBE_VERDICT_SLOTS (1 << PROBE_VERDICT_BITS)
#define PROBE_VERDICT_PROBES 8
struct probe_verdicts {
  __u64 slots[PROBE_VERDICT_SLOTS];
};

/*
 * Hash of a pointer, for all tables keyed by pointers. It uses only the low half of the pointer: the verifier forbids
 * arithmetic on typed pointers, but treats their low half as a number. It drops the low 6 bits, which are 0:
 * io_ring_ctx and io_kiocb are aligned to cache lines.
 */
#define PROBE_HASH(pointer, bits) ((((__u32)(pointer)) >> 6) * 0x9e3779b1U >> (32 - (bits)))

/*
 * Requests whose end uringtop may have missed (`slots`: io_kiocb pointers, open addressed), and the rings of these
 * requests. The iterators over the rings' lists of free requests (rings.bpf.c) set bit 0 of a ring when they have
 * visited it, and bit 0 of a request when they find it free.
 */
#define PROBE_SUSPECT_BITS 16
#define PROBE_SUSPECT_SLOTS (1 << PROBE_SUSPECT_BITS)
#define PROBE_SUSPECT_PROBES 16
#define PROBE_SUSPECT_RINGS 64
struct probe_suspects {
  __u64 rings[PROBE_SUSPECT_RINGS];
  __u64 slots[PROBE_SUSPECT_SLOTS];
};

/* A descriptor that refers to a ring, and the state of the ring, as the iterators of rings.bpf.c report them. */
struct probe_sighting {
  __u64 ctx;
  __u32 tgid;
  __s32 fd; /* -1: the ring is in the task's table of registered rings */
  __u32 sq_entries;
  __u32 cq_entries;
  __u32 flags;
  __u32 sq_thread_tid;
  __u32 nr_files;
  __u32 nr_bufs;
  __u32 is_creator; /* 1: process `tgid` created the ring (its mm is the ring's mm_account) */
  __u32 sq_pending; /* sq_pending to waiter_missing: as in record_ring_depth */
  __u32 cq_pending;
  __u32 is_overflowed;
  __u32 waiters;
  __u32 waiter_tid;
  __u32 waiter_tgid;
  __u32 waiter_missing;
  __u32 sq_thread_sleeps; /* 1: IORING_SQ_NEED_WAKEUP is set */
  __u32 is_polled;        /* 1: a task polls the ring's descriptor */
  __u32 eventfd;          /* enum record_eventfd */
  __u32 sq_taken;         /* SQEs that the kernel has taken, modulo 2^32 */
  __u32 cq_posted;        /* CQEs that the kernel has posted, modulo 2^32 */
  __u32 cq_head;          /* CQEs that the application has reaped, modulo 2^32 */
  __u64 oldest_user_data; /* user_data of the oldest CQE in the queue; 0 if the queue is empty */
  __u32 waiter_in_iowait; /* 1: the idle time of the waiter's processor counts as iowait */
  __u32 sq_thread_idle;   /* jiffies for which the SQ thread polls before it sleeps; 0 without an SQ thread */
  __u32 jiffies;          /* jiffies at the time of this report, modulo 2^32 */
  __u32 submitter_tid;    /* the only thread that may submit (SINGLE_ISSUER), 0 if any may */
  __u64 waiter_ran_ns;    /* when the waiter ran last, CLOCK_MONOTONIC; 0: unknown */
  __u64 eventfd_context;  /* the eventfd_ctx that the ring signals, 0 without one */
  char comm[RECORD_COMM_LEN];
};

/* A descriptor of a file that tasks can wait on, as the iterator over descriptors reports it. */
#define PROBE_FILE_PIPE 1
#define PROBE_FILE_SOCKET 2
#define PROBE_FILE_ANONYMOUS 3 /* anonymous inode, such as an eventfd or ring; see file_operations */
struct probe_open_file {
  __u64 file;            /* struct file * */
  __u64 file_operations; /* f_op */
  __u64 private_data;    /* private_data; for ring files the io_ring_ctx */
  __u64 inode;
  __u64 references; /* references to the struct file */
  __u64 peer;       /* Unix sockets: inode of the peer, 0 without one */
  __u64 table;      /* registered files: io_ring_ctx whose file table contains the file; else 0 */
  __u32 tgid;
  __s32 fd;           /* descriptor; for registered files, -1 minus the slot */
  __u32 mode;         /* FMODE_READ 1, FMODE_WRITE 2 */
  __u32 kind;         /* PROBE_FILE_* */
  __u32 readers;      /* pipes: files that are open for reading */
  __u32 writers;      /* pipes: files that are open for writing */
  __u32 pending;      /* pipes: occupied slots; sockets: unread packets; eventfds: 1 if the count is not 0 */
  __u32 queued;       /* TCP sockets: memory of data that was sent and not acknowledged, overhead included */
  __u32 capacity;     /* pipes: slots */
  __u32 kernel_users; /* eventfds: references to the eventfd_ctx, including the file's */
  __u32 network;      /* sockets: inode of the network namespace */
  __u32 is_tcp;       /* 1: send_queue, window and unread are valid */
  __u32 send_queue;   /* bytes sent by the application and not acknowledged by the peer */
  __u32 window;       /* bytes that the peer has room for, as last advertised */
  __u32 unread;       /* bytes received and not read by the application */
  __u16 family;       /* sockets: AF_* */
  __u16 type;         /* SOCK_* */
  __u8 state;         /* TCP_* */
  __u8 reserved;
  __u16 port;
  __u16 peer_port;
  __u16 reserved2;
  __u32 address[4]; /* big endian; IPv4 in the first word */
  __u32 peer_address[4];
};

/* A worker of io-wq, as the iterator over tasks reports it. */
struct probe_worker {
  __u32 tid;
  __u32 tgid;
  __u32 is_idle; /* 1: the worker has no work */
};

/* A thread, as the iterator over tasks reports it. */
#define PROBE_TASK_IO_WORKER 0x10 /* PF_IO_WORKER */
struct probe_task {
  __u32 tid;
  __u32 tgid;
  __u32 flags;  /* PF_* */
  __u32 state;  /* __state in the low half, exit_state in the high half */
  __u64 ran_ns; /* when the thread ran last, CLOCK_MONOTONIC; 0: it is running, or unknown */
};

/*
 * The transport: how records reach user space.
 *
 * Each CPU has lanes. A lane is a sequence of chunks filled with consecutive records. Only one program at a time writes
 * to a lane, so the times of its records do not decrease. A program that interrupts another program uses the CPU's next
 * lane.
 *
 * All lanes share one pool of chunks. A lane takes a free chunk when its current chunk is full, and the reader frees a
 * chunk when it has read all records in it. The size of the pool does not depend on the number of CPUs, and each CPU
 * can use the whole pool.
 */
#define PROBE_LANES 8                       /* lanes of each CPU */
#define PROBE_MAX_LANES (512 * PROBE_LANES) /* beyond 512 CPUs, CPUs share lanes */
#define PROBE_CHUNK_SIZE (1 << 15)
#define PROBE_CHUNK_START 8 /* offset of the first record */
#define PROBE_WAKE_AT_RECORD 1

/* Chunk 0 is never used, because the number 0 means "no chunk". */
struct probe_chunk {
  /*
   * While a lane writes to the chunk: 0. When the chunk is full: the low half is the offset at which its records end,
   * the high half is the number of the lane's next chunk. In the list of free chunks: the number of the next free
   * chunk.
   */
  __u64 link;
  __u64 records[PROBE_CHUNK_SIZE / 8 - 1];
};

struct probe_lane {
  __u64 busy; /* 1: a program is writing to the lane */
  __u64
      place; /* low half: offset of the next record; high half: number of its chunk; 0 before the first record */
  __u64 first; /* number of the lane's first chunk */
  __u64 reserved[5];
};

struct probe_pool {
  __u64 free; /* free list: number of the chunk freed last (low half), number of changes (high half) */
  __u64 reserved[7];
  __u64 taken;     /* chunks taken so far */
  __u64 used;      /* number of the first chunk never used; this chunk and all later ones are free */
  __u64 is_scarce; /* 1: more than half of the chunks are taken, so that records may soon be lost */
  __u64 reserved2[5];
  __u64 freed; /* chunks freed so far, by the reader */
  __u64 half;  /* half of the number of chunks, set by the reader */
};

/*
 * Counts of events that have no record, because the record buffer was full or the request is not in the sample
 * (--sample). They are counted by ring and opcode, so that sums and latencies stay exact. Counters only grow; user
 * space can read them at any time.
 */
#define PROBE_TALLY_BITS 12
#define PROBE_TALLY_SLOTS (1 << PROBE_TALLY_BITS)
#define PROBE_TALLY_PROBES 32
struct probe_tally {
  __u64 key; /* PROBE_TALLY_KEY; 0: never used; PROBE_TALLY_FREED: free again */
  __u64 submitted;
  __u64 failed;    /* requests that failed in preparation; also counted in submitted */
  __u64 completed; /* requests that ended with a CQE in the ring */
  __u64 cqes;
  __u64 auxiliary; /* CQEs without a request and without IORING_CQE_F_MORE */
  __u64 overflows;
  __u64 dropped;     /* overflowed CQEs that the kernel had no memory for */
  __u64 skipped;     /* requests that ended without a CQE (CQE_SKIP_SUCCESS) */
  __u64 bytes;       /* sum of positive results of CQEs that name their request */
  __u64 errors;      /* negative results that probe_tally_detail does not count */
  __u64 unmeasured;  /* ends of requests whose latency is not in the histogram */
  __u64 latency_sum; /* nanoseconds, sum of the latencies in the histogram */
  __u64 retired_ns;  /* with PROBE_TALLY_RETIRED: when a new ring reused the address of the key's ring */
  __u32 detail;      /* 1 + index of the tally's probe_tally_detail, 0: none */
  __u32 reserved;
};

/* The high byte of a kernel pointer is always 0xff. The shift drops it and makes room for the opcode. */
#define PROBE_TALLY_KEY(ctx, opcode) ((__u64)(ctx) << 8 | (__u8)(opcode))
/*
 * Set in the key when a new ring has reused the address of the key's ring. Otherwise the bit is 0, because pointers to
 * rings are aligned. User space reads such a tally one last time and frees it.
 */
#define PROBE_TALLY_RETIRED (1ULL << 8)
/* The key of a tally that was freed. Its counters keep their values, because user space reads only their increases. */
#define PROBE_TALLY_FREED PROBE_TALLY_RETIRED

/*
 * Numbers of requests by errno and by latency bucket. The buckets are those of UringTrace's LatencyHistogram: 128 for
 * each power of two.
 */
#define PROBE_TALLY_DETAILS 96
#define PROBE_TALLY_ERRORS 160
#define PROBE_LATENCY_BITS 38 /* latencies from 2^38 ns (4.6 minutes) on share the last bucket */
#define PROBE_LATENCY_BUCKETS ((PROBE_LATENCY_BITS - 8) * 128 + 256)
struct probe_tally_detail {
  __u64 errors[PROBE_TALLY_ERRORS];
  __u64 latencies[PROBE_LATENCY_BUCKETS];
};

struct probe_tallies {
  __u64 used;                 /* tallies used so far, including freed ones */
  __u64 details;              /* details claimed; a race can raise it above PROBE_TALLY_DETAILS */
  __u64 nowhere;              /* events for which no tally was free; above 0, the counts are not exact */
  __u64 has_lost_submissions; /* 1: some probe_start has PROBE_START_UNSEEN */
  struct probe_tally slots[PROBE_TALLY_SLOTS];
};

/*
 * Submission time of the last request at an io_kiocb address. The slot is a hash of the address. A request whose
 * address has the same hash overwrites the slot.
 */
#define PROBE_START_BITS 16
#define PROBE_START_SLOTS (1 << PROBE_START_BITS)
#define PROBE_START_UNSEEN (1ULL << 63) /* flag in time_ns: the submission has no record */
struct probe_start {
  __u64 req;     /* io_kiocb address, 0: none */
  __u64 time_ns; /* the top bit is PROBE_START_UNSEEN */
};
struct probe_starts {
  struct probe_start slots[PROBE_START_SLOTS];
};

/*
 * Counts of the io_uring system calls that have the same probe_call_key. They are the source of record_system_calls.
 * Counters only grow, until the LRU map evicts the key.
 */
#define PROBE_CALLS 2048
struct probe_call_key {
  __u64 ctx;
  __u32 tid;
  __s32 result; /* negative errno, or 0 for success */
  __u32 detail; /* setup: flags; register: opcode */
  __u8 call;    /* enum record_call */
  __u8 entered;
  __u16 reserved;
};
struct probe_calls {
  __u64 count;
  __u64 first_ns;
  __u64 last_ns;
  __u64 getevents_ns;
  __u64 sqes;
  __u32 tgid;
  __s32 fd;
  __u32 argument;
  __u32 minimum;
  __u32 flags;
  __u32 filters;
};

/*
 * Output of the inventory (the iterators of inventory.bpf.c, which find requests in flight): one record per slot, of
 * the kinds RING_BALANCE, PARKED, UNSUBMITTED, UNREAPED, DISK_REQUEST, LAST_TAKEN, REGISTERED_FILE, PROVIDED_GROUP,
 * REQUEST_FILE, HELD_BUFFER, REAPED, REAPED_SQE. User space sets the number of slots. Records that do not fit are
 * counted.
 */
#define PROBE_SLOT_SIZE 160
struct probe_slot {
  __u64 words[PROBE_SLOT_SIZE / 8];
};

#define PROBE_USER_STACK_DEPTH 32
#define PROBE_STACK_DEPTH 48
#define PROBE_MAX_STACKS 128
struct probe_stack {
  __u64 req;
  __u64 ctx;
  __u32 tid;
  __s32 size; /* bytes of frames, or a negative errno */
  __u64 frames[PROBE_STACK_DEPTH];
};

/* Parameters and counters of one run of the inventory, shared with its programs. */
struct probe_inventory {
  __u64 start_ns;             /* time of the records, except those that have a time of their own */
  __u64 ring_file_operations; /* f_op of ring files */
  __u64 per_cpu_offsets;      /* address of the kernel's __per_cpu_offset, 0 if unknown or not needed */
  __u32 processors;
  __u32 pass;           /* number of this run */
  __u32 used;           /* slots requested, including those that did not fit */
  __u32 stacks;         /* kernel stacks requested, including those that did not fit */
  __u32 broken;         /* lists of workers and of task work that changed too fast to walk */
  __u32 looks_at_files; /* 1: also walk the block devices and sockets of the processes in `owners` */
  __u32 nodes;          /* number of NUMA nodes; up to 6.1 io-wq has queues on each node */
};

#endif
