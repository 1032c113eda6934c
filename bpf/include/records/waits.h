/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Waits of threads and requests, and the tasks that could end them. Recorded while a ring makes no progress, and with
 * each requested inventory.
 */

#ifdef RECORD_KINDS
// clang-format off
RECORD_WAIT_LOOK RECORD_SWIFT_NAME("waitLook") = 96,
RECORD_THREAD_STATE RECORD_SWIFT_NAME("threadState") = 97,
RECORD_OPEN_FILE RECORD_SWIFT_NAME("openFile") = 98,
RECORD_FUTEX_WORD RECORD_SWIFT_NAME("futexWord") = 99,
RECORD_STREAM_QUEUES RECORD_SWIFT_NAME("streamQueues") = 105,
// clang-format on
#else

/* States of a thread: running, ended, or the reason why it does not run. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("ThreadWait") record_thread_wait : __u8 {
  RECORD_WAIT_UNKNOWN RECORD_SWIFT_NAME("unknown") = 0, /* the thread is blocked by something else @json null */
  RECORD_WAIT_RUNS RECORD_SWIFT_NAME("runs") = 1,       /* the thread runs, or has run since the scan began */
  RECORD_WAIT_TIMED RECORD_SWIFT_NAME("timed") = 2,     /* waits for a time that ends by itself */
  RECORD_WAIT_STOPPED RECORD_SWIFT_NAME("stopped") = 3, /* stopped by a signal or a debugger */
  RECORD_WAIT_ENDED RECORD_SWIFT_NAME("ended") = 4,     /* the thread has exited */
  RECORD_WAIT_READ RECORD_SWIFT_NAME("read") = 5,       /* waits until the file `fd` can be read */
  RECORD_WAIT_WRITE RECORD_SWIFT_NAME("write") = 6,     /* waits until the file `fd` can be written */
  RECORD_WAIT_CQES RECORD_SWIFT_NAME("cqes") = 7,       /* waits in io_uring_enter for completions of the ring */
  RECORD_WAIT_FUTEX RECORD_SWIFT_NAME("futex") = 8,     /* waits for the futex at `address` */
  RECORD_WAIT_PROCESS RECORD_SWIFT_NAME("process") = 9, /* waits for the child process `other` */
};
// clang-format on

/* Kinds of files that tasks wait on. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("WaitableKind") record_waitable : __u8 {
  RECORD_WAITABLE_UNKNOWN RECORD_SWIFT_NAME("unknown") = 0, /* @json null */
  RECORD_WAITABLE_PIPE RECORD_SWIFT_NAME("pipe") = 1,
  RECORD_WAITABLE_SOCKET RECORD_SWIFT_NAME("socket") = 2,
  RECORD_WAITABLE_EVENTFD RECORD_SWIFT_NAME("eventfd") = 3,
  RECORD_WAITABLE_RING RECORD_SWIFT_NAME("ring") = 4,
};
// clang-format on

/*
 * A scan of waits begins. The `thread_state`, `open_file` and `futex_word` records that follow replace earlier ones.
 *
 * @title "wait look" faint
 */
struct record_wait_look {
  struct record base;
  __u32 is_complete; /* false if descriptors or threads are left out @json complete @bool */
  __u32 renews;      /* true if nothing changed since the previous scan, whose records remain valid @bool */
};

/*
 * The state of thread `tid`, and its reason to wait.
 *
 * @title "thread state" faint
 * @order tgid role state since_ns wait length fd other address signals
 * @plain signals tgid other fd length state role
 */
struct record_thread_state {
  struct record base;
  __u64 since_ns;               /* when the thread ran last; 0 if unknown @omit @redact time */
  __u64 address;                /* address of the futex @hex @omit @redact user */
  __u64 signals;                /* signals that the process catches: bit 0 is signal 1 @hex */
  __u32 tgid;                   /* process of the thread @json pid */
  __u32 other;                  /* process that the thread waits for; 0 if none @omit */
  __s32 fd;                     /* descriptor in the thread's system call; null if none @null negative */
  __u32 length;                 /* system call; after a newline, the kernel function @text call */
  enum record_thread_wait wait; /* state of the thread: running, ended, or why it does not run */
  __u8 state;                   /* state letter, as in /proc/PID/stat */
  __u8 role;                    /* 1 if the thread is a worker or SQ thread of io_uring */
  __u8 reserved[5];
};

/*
 * A reference to a file that requests or threads wait on, or through which such a wait could end. The reference is a
 * descriptor, or a slot of a ring's registered files. `ctx` is the ring itself if the file is a ring, the ring that has
 * the file registered, or the ring that signals the file (eventfds). It is 0 if uringtop watches no such ring.
 *
 * @title "open file" faint
 * @order tgid fd kind file inode references can_read can_write readers writers pending capacity kernel_users
 * @order peer_inode queued length
 * @plain references tgid fd readers writers pending capacity kernel_users queued
 */
struct record_open_file {
  struct record base;
  __u64 file;  /* struct file * @hex @redact kernel */
  __u64 inode; /* inode number of a pipe or socket, else 0 @any @redact inode */
  /* sockets: inode of the peer, if the peer is on this machine and open; else 0 @omit @any @redact inode */
  __u64 peer_inode;
  __u64 references; /* references to the file, held by descriptors, requests and others */
  __u32 tgid;       /* process with the descriptor or the ring @json pid */
  __s32 fd;         /* descriptor; if negative, -1 minus the slot of a file registered with ring `ctx` */
  __u32 readers;    /* pipes: files open for reading @omit */
  __u32 writers;    /* pipes: files open for writing @omit */
  __u32 pending; /* pipes: occupied slots; sockets: unread packets; eventfds: 1 if the count is not 0 @omit */
  __u32 capacity;            /* pipes: slots @omit */
  __u32 kernel_users;        /* eventfds: references to the eventfd_ctx, including the file's @omit */
  __u32 queued;              /* TCP: memory of sent, unacknowledged data @unit bytes @omit */
  __u32 length;              /* sockets: addresses @text text @redact text */
  __u16 can_read;            /* true if the file is open for reading @bool */
  __u16 can_write;           /* true if the file is open for writing @bool */
  enum record_waitable kind; /* kind of the file */
  __u8 reserved[7];
};

/*
 * Queues of a connected TCP socket, which the preceding `open_file` describes.
 *
 * @title "stream queues" faint
 * @plain send_queue window unread
 */
struct record_stream_queues {
  struct record base;
  __u64 inode;      /* inode number of the socket @any @redact inode */
  __u32 send_queue; /* data sent by the application and not acknowledged by the peer @unit bytes */
  __u32 window;     /* the peer's free receive space, as last advertised @unit bytes */
  __u32 unread;     /* data received and not read by the application @unit bytes */
  __u32 reserved;
};

/*
 * The word of a futex that a thread or a request waits for.
 *
 * @title "futex word" faint
 * @plain tgid value owner
 */
struct record_futex_word {
  struct record base;
  __u64 address;    /* address of the word in process `pid` @hex @redact user */
  __u32 tgid;       /* process with the word in its memory @json pid */
  __u32 value;      /* value of the word */
  __u32 is_private; /* true if only threads of the process share the memory @json private @bool */
  __u32 owner;      /* thread that holds the mutex, if the word is a pthread mutex; else 0 @omit */
};

#endif
