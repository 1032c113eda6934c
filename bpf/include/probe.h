/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Data that the BPF programs and the probe share besides the records: constants set before the load, and
 * tables in shared memory. None of it is stored in recordings.
 */
#ifndef URINGTOP_PROBE_H
#define URINGTOP_PROBE_H

#include "record.h"

/* Limits of a filter: small enough for the verifier to unroll. */
#define PROBE_MAX_TGIDS 64
#define PROBE_MAX_COMMS 16
#define PROBE_MAX_FDS 64
#define PROBE_MAX_CGROUPS 8

/*
 * Constants in .rodata. The verifier sees their values and removes the code that they switch off, so an
 * unused filter costs nothing.
 */
struct probe_config {
  __u64 req_f_cqe_skip; /* REQ_F_* masks of the running kernel, 0 if it lacks the flag */
  __u64 req_f_reissue;
  __u64 req_f_refcount;
  __u64 req_f_buf_node;  /* 6.15 and later: buf_node is valid */
  __u64 req_f_sqe_group; /* patched kernels */
  __u64 req_f_sqe_group_leader;
  __u64 req_f_group_kbuf;
  __u64 req_f_multishot;
  __u64 opcodes[4];        /* bit set: this IORING_OP_* passes */
  __u64 ring_operations;   /* waits.bpf.c: f_op of ring files */
  __u32 filters_opcodes;   /* 0: every opcode passes */
  __u32 filters_rings;     /* 0: every ring passes, and the verdict table is not read */
  __u32 nr_tgids;          /* 0: any process passes */
  __u32 nr_comms;          /* 0: any process name passes */
  __u32 nr_fds;            /* 0: any ring descriptor passes */
  __u32 nr_cgroups;        /* 0: any cgroup passes */
  __u32 with_descendants;  /* 1: rings created by descendants of a listed process pass as well */
  __u32 pid_namespace;     /* inode number of uringtop's pid namespace; 0: the initial one */
  __u32 has_twins;         /* 1: tracepoints are preemptible, see twins.h */
  __u32 claims_atomically; /* 1: programs on tracepoints can be preempted, or CPUs share lanes */
  __u32 can_cast;          /* 1: the kernel has bpf_rdonly_cast (6.2 and later) */
  __u32 samples;           /* 1: only requests whose hash is at most sample_limit have records */
  __u32 sample_limit;
  __u32 takes_stacks;         /* 1: record the user stack at each submission */
  __u32 counts_by_references; /* 1: the kernel does not count allocated requests (before 6.17) */
  __u32 tgids[PROBE_MAX_TGIDS];
  __s32 fds[PROBE_MAX_FDS];
  __u64 cgroups[PROBE_MAX_CGROUPS]; /* ids in the cgroup v2 hierarchy */
  char comms[PROBE_MAX_COMMS][RECORD_COMM_LEN];
};

/*
 * Placeholders for calls of bpf_rdonly_cast, "r2 = probe_cast; call PROBE_CAST", which user space replaces before the
 * load. An extern function and CO-RE's type ids would also work, but make libbpf read and search all kernel types once
 * more for each object.
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
 * Verdicts of the filter: io_ring_ctx pointers in an open-addressed table. Bit 0 of an entry is set if the ring
 * passes, so one store writes pointer and verdict. Entries are never removed, only overwritten: ctx memory is reused.
 */
#define PROBE_VERDICT_BITS 13
#define PROBE_VERDICT_SLOTS (1 << PROBE_VERDICT_BITS)
#define PROBE_VERDICT_PROBES 8
struct probe_verdicts {
  __u64 slots[PROBE_VERDICT_SLOTS];
};

/*
 * Hash of a pointer for all tables. It uses the low half only: the verifier allows no arithmetic on typed
 * pointers, but accepts half of one as a number. The low 6 bits are 0: io_ring_ctx and io_kiocb are aligned to
 * cache lines.
 */
#define PROBE_HASH(pointer, bits) ((((__u32)(pointer)) >> 6) * 0x9e3779b1U >> (32 - (bits)))

/*
 * Requests whose end may have been missed (io_kiocb pointers, open addressed), and their rings. The walk over
 * the free lists sets bit 0 of each of these requests that it finds, and of each ring that it has walked.
 */
#define PROBE_SUSPECT_BITS 16
#define PROBE_SUSPECT_SLOTS (1 << PROBE_SUSPECT_BITS)
#define PROBE_SUSPECT_PROBES 16
#define PROBE_SUSPECT_RINGS 64
struct probe_suspects {
  __u64 rings[PROBE_SUSPECT_RINGS];
  __u64 slots[PROBE_SUSPECT_SLOTS];
};

/* A descriptor that refers to a ring, as the iterators report it. */
struct probe_sighting {
  __u64 ctx;
  __u32 tgid;
  __s32 fd; /* -1: only a registered ring index */
  __u32 sq_entries;
  __u32 cq_entries;
  __u32 flags;
  __u32 sq_thread_tid;
  __u32 nr_files;
  __u32 nr_bufs;
  __u32 is_creator; /* 1: the process has the address space that created the ring */
  __u32 sq_pending; /* this and the fields below: see record_ring_depth */
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
  __u32 cq_posted;        /* CQEs that the kernel has posted */
  __u32 cq_head;          /* CQEs that the application has taken */
  __u64 oldest_user_data; /* of the oldest CQE in the queue, 0 without one */
  __u32 waiter_in_iowait; /* 1: the idle time of the waiter's processor counts as iowait */
  __u32 sq_thread_idle;   /* jiffies for which the SQ thread polls before it sleeps; 0 without one */
  __u32 jiffies;          /* now, modulo 2^32 */
  __u32 submitter_tid;    /* the only thread that may submit (SINGLE_ISSUER), 0 if any may */
  __u64 waiter_ran_ns;    /* when the waiter ran last, CLOCK_MONOTONIC; 0: unknown */
  __u64 eventfd_context;  /* the eventfd_ctx that the ring signals, 0 without one */
  char comm[RECORD_COMM_LEN];
};

/* A descriptor of a file that tasks can wait on, as the iterator over descriptors reports it. */
#define PROBE_FILE_PIPE 1
#define PROBE_FILE_SOCKET 2
#define PROBE_FILE_ANONYMOUS 3 /* eventfds and others, distinguished by file_operations */
struct probe_open_file {
  __u64 file;            /* struct file * */
  __u64 file_operations; /* f_op */
  __u64 private_data;    /* of a ring's file: its io_ring_ctx */
  __u64 inode;
  __u64 references; /* to the file */
  __u64 peer;       /* Unix sockets: inode of the peer, 0 without one */
  __u64 table;      /* registered files: io_ring_ctx */
  __u32 tgid;
  __s32 fd;           /* registered files: -1 - slot */
  __u32 mode;         /* FMODE_READ 1, FMODE_WRITE 2 */
  __u32 kind;         /* PROBE_FILE_* */
  __u32 readers;      /* pipes: files that are open for reading */
  __u32 writers;      /* pipes: files that are open for writing */
  __u32 pending;      /* pipes: occupied slots; sockets: packets to be received; eventfds: 1 unless 0 */
  __u32 queued;       /* sockets: bytes sent and not acknowledged, with their overhead (TCP) */
  __u32 capacity;     /* pipes: slots */
  __u32 kernel_users; /* eventfds: references to the counter, including the file's */
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
  __u32 is_idle; /* 1: it has no work */
};

/* A thread, as the iterator over tasks reports it. */
#define PROBE_TASK_IO_WORKER 0x10 /* PF_IO_WORKER */
struct probe_task {
  __u32 tid;
  __u32 tgid;
  __u32 flags;  /* PF_* */
  __u32 state;  /* __state, and exit_state in the upper half */
  __u64 ran_ns; /* when it ran last, CLOCK_MONOTONIC; 0: it runs, or unknown */
};

/*
 * The transport: how records reach user space.
 *
 * Each CPU has lanes. A lane is a sequence of chunks with records one after another, written by one program at a time,
 * so the times of its records do not decrease. A program that interrupts another one uses the next lane. Chunks are
 * shared by all lanes: a free one is taken when a lane's chunk is full, and the reader frees it when it has read all of
 * it. So the memory has one size for any number of CPUs, and each CPU can use all of it.
 */
#define PROBE_LANES 8                       /* per CPU */
#define PROBE_MAX_LANES (512 * PROBE_LANES) /* beyond 512 CPUs, CPUs share lanes */
#define PROBE_CHUNK_SIZE (1 << 15)
#define PROBE_CHUNK_START 8 /* offset of the first record */
#define PROBE_WAKE_AT_RECORD 1

/* Chunk 0 is not used: its number means "none". */
struct probe_chunk {
  /*
   * 0 while a lane writes to it. Then the offset at which its records end, and in the high half the number of the lane's
   * next chunk. In the list of free chunks: the number of the next.
   */
  __u64 link;
  __u64 records[PROBE_CHUNK_SIZE / 8 - 1];
};

struct probe_lane {
  __u64 busy; /* 1: a program is writing */
  __u64
      place; /* offset of the next record, and in the high half the number of its chunk; 0 before the first */
  __u64 first; /* number of the first chunk */
  __u64 reserved[5];
};

struct probe_pool {
  __u64 free; /* number of the chunk freed last, and in the high half the number of changes */
  __u64 reserved[7];
  __u64 taken;     /* chunks taken so far */
  __u64 used;      /* number of the first chunk never used; all from it on are free */
  __u64 is_scarce; /* 1: more than half of the chunks are taken, so that records may soon be lost */
  __u64 reserved2[5];
  __u64 freed; /* chunks freed so far, by the reader */
  __u64 half;  /* half of the number of chunks, set by the reader */
};

/*
 * Counts of events without a record, because the record buffer was full or the request is not in the sample: by
 * ring and opcode, so that sums and latencies stay exact. Counters only grow; user space reads them at any time.
 */
#define PROBE_TALLY_BITS 12
#define PROBE_TALLY_SLOTS (1 << PROBE_TALLY_BITS)
#define PROBE_TALLY_PROBES 32
struct probe_tally {
  __u64 key; /* PROBE_TALLY_KEY, 0: never used, PROBE_TALLY_FREED */
  __u64 submitted;
  __u64 failed;    /* in preparation; also in submitted */
  __u64 completed; /* requests that ended with a CQE in the ring */
  __u64 cqes;
  __u64 auxiliary; /* CQEs without a request and without IORING_CQE_F_MORE */
  __u64 overflows;
  __u64 dropped;     /* overflowed CQEs that the kernel had no memory for */
  __u64 skipped;     /* requests that ended without a CQE, as requested */
  __u64 bytes;       /* sum of positive results of CQEs that name their request */
  __u64 errors;      /* negative results that probe_tally_detail does not count */
  __u64 unmeasured;  /* ends of requests whose latency is not in the histogram */
  __u64 latency_sum; /* nanoseconds, sum of the latencies in the histogram */
  __u64 retired_ns;  /* with PROBE_TALLY_RETIRED: when another ring got the memory of the key's ring */
  __u32 detail;      /* 1 + index of its probe_tally_detail, 0: none */
  __u32 reserved;
};

/* The high byte of a kernel pointer is all ones, so the opcode can take its place. */
#define PROBE_TALLY_KEY(ctx, opcode) ((__u64)(ctx) << 8 | (__u8)(opcode))
/*
 * Set in the key when another ring has the memory of the key's ring. A pointer to a ring has a zero there. User space
 * reads such a tally a last time and frees it.
 */
#define PROBE_TALLY_RETIRED (1ULL << 8)
/* The key of a tally that was freed. Its counters keep their values: user space reads increases. */
#define PROBE_TALLY_FREED PROBE_TALLY_RETIRED

/* Errors by errno, and latencies in the buckets of UringTrace's LatencyHistogram: 128 to a doubling. */
#define PROBE_TALLY_DETAILS 96
#define PROBE_TALLY_ERRORS 160
#define PROBE_LATENCY_BITS 38 /* latencies from 2^38 ns (4.6 minutes) on share the last bucket */
#define PROBE_LATENCY_BUCKETS ((PROBE_LATENCY_BITS - 8) * 128 + 256)
struct probe_tally_detail {
  __u64 errors[PROBE_TALLY_ERRORS];
  __u64 latencies[PROBE_LATENCY_BUCKETS];
};

struct probe_tallies {
  __u64 used;                 /* tallies in use */
  __u64 details;              /* details claimed; a race can raise it above PROBE_TALLY_DETAILS */
  __u64 nowhere;              /* events that found no free tally: counts are not exact */
  __u64 has_lost_submissions; /* 1: some probe_start has PROBE_START_UNSEEN */
  struct probe_tally slots[PROBE_TALLY_SLOTS];
};

/* Submission time of the last request at an address. The address alone determines the slot. */
#define PROBE_START_BITS 16
#define PROBE_START_SLOTS (1 << PROBE_START_BITS)
#define PROBE_START_UNSEEN (1ULL << 63) /* the submission has no record */
struct probe_start {
  __u64 req;     /* 0: none */
  __u64 time_ns; /* with PROBE_START_UNSEEN as the top bit */
};
struct probe_starts {
  struct probe_start slots[PROBE_START_SLOTS];
};

/*
 * System calls of one thread with the same result, for record_system_calls. Counters only grow, until the LRU map
 * evicts the oldest key.
 */
#define PROBE_CALLS 2048
struct probe_call_key {
  __u64 ctx;
  __u32 tid;
  __s32 result; /* 0 for success */
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
 * Output of the inventory: one record per slot, of the kinds RING_BALANCE, PARKED, UNSUBMITTED, UNREAPED,
 * DISK_REQUEST, LAST_TAKEN, REGISTERED_FILE, PROVIDED_GROUP, REQUEST_FILE, HELD_BUFFER, REAPED, REAPED_SQE.
 * User space sets the number of slots; records that do not fit are counted.
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

/* Shared with the inventory's programs during a run. */
struct probe_inventory {
  __u64 start_ns;             /* time of the records */
  __u64 ring_file_operations; /* f_op of rings */
  __u64 per_cpu_offsets;      /* address of the kernel's __per_cpu_offset, 0 if unknown or not needed */
  __u32 processors;
  __u32 pass;           /* number of this run */
  __u32 used;           /* slots requested, including those that did not fit */
  __u32 stacks;         /* likewise */
  __u32 broken;         /* lists of workers and task work that changed too fast to walk */
  __u32 looks_at_files; /* 1: also walk devices and sockets of the processes in `owners` */
  __u32 nodes;          /* NUMA nodes: up to 6.1 io-wq has its queues on each */
};

#endif
