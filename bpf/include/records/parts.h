/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Structs that several record kinds share. */

/*
 * The start of every record.
 *
 * @plain tid size kind opcode
 */
struct record {
  __u64 time_ns; /* CLOCK_MONOTONIC @redact time */
  __u64 ctx;     /* struct io_ring_ctx *, the ring; 0 if the event names no ring @redact kernel */
  __u64 req;  /* struct io_kiocb *, an address soon reused; 0 if the event names no request @redact kernel */
  __u32 tid;  /* the thread that was running when the event fired */
  __u16 size; /* size of the whole record in bytes, this header included */
  enum record_kind kind;
  __u8 opcode; /* IORING_OP_* of the request, RECORD_OPCODE_NONE without a request */
};

/*
 * An SQE as the application wrote it: the first 64 bytes, include/uapi/linux/io_uring.h.
 *
 * @plain opcode ioprio fd len op_flags buf_index personality file_index
 */
struct record_sqe {
  __u8 opcode;  /* IORING_OP_* @line opcode */
  __u8 flags;   /* IOSQE_* @json sqe_flags @names sqe */
  __u16 ioprio; /* priority, or flags of the opcode */
  __s32 fd;   /* file descriptor; with IOSQE_FIXED_FILE, index of a registered file @or fixed_file flags 1 */
  __u64 off;  /* offset, or the opcode's second address (addr2) @signed @any @redact off */
  __u64 addr; /* address, or splice_off_in @hex @redact addr */
  __u32 len;  /* number of bytes, iovecs or events, depending on the opcode */
  __u32 op_flags;    /* flags of the opcode (rw_flags, msg_flags, poll32_events and others) */
  __u64 user_data;   /* identifies the request to the application @line user_data @redact user */
  __u16 buf_index;   /* registered buffer; with IOSQE_BUFFER_SELECT, buffer group @or bgid flags 32 */
  __u16 personality; /* id of registered credentials */
  __u32 file_index;  /* file_index, splice_fd_in, optlen or addr_len, depending on the opcode */
  __u64 addr3;       /* third address; first half of the command area of URING_CMD @hex @redact addr3 */
  __u64 pad2;        /* second half of the command area of URING_CMD @hex @derive cmd_op @redact pad2 */
};

/*
 * A block request: in flight on a disk, delivered by a ublk command, or lent as a buffer.
 *
 * @order request disk queue tag operation sector length io_flags
 * @plain sector length operation queue tag io_flags disk
 */
struct record_block {
  __u64 request;   /* struct request *, equal to priv of a lent buffer; 0 if unknown @hex @redact kernel */
  __u64 sector;    /* first sector; null if the request has none, such as a flush @null max @unit 512 bytes */
  __u32 length;    /* size @unit bytes */
  __u32 operation; /* REQ_OP_* @json op */
  __u16 queue;     /* hardware queue of the device */
  __u16 tag;       /* tag within the queue */
  __u32 io_flags;  /* internal flags of the ublk driver, UBLK_IO_FLAG_*; 0 if unknown */
  char disk[32];   /* name of the disk, such as ublkb0 */
};

/* Directions in which requests may transfer data: into a registered buffer (ITER_DEST), or out of it (ITER_SOURCE). */
#define RECORD_BUFFER_DESTINATION 1
#define RECORD_BUFFER_SOURCE 2

/*
 * A registered buffer at the time of the record: struct io_mapped_ubuf and its io_rsrc_node.
 *
 * @order index buffer node address length priv release tag references sharers segments is_kernel direction in_table
 * @plain length references sharers segments index direction
 */
struct record_buffer {
  __u64 buffer;     /* struct io_mapped_ubuf *; 0: the slot is empty @hex @redact kernel */
  __u64 node;       /* struct io_rsrc_node *; 0 up to 6.12 @hex @redact kernel */
  __u64 address;    /* address in the application's memory; 0 for a kernel buffer @hex @redact user */
  __u64 length;     /* size @unit bytes */
  __u64 priv;       /* argument of the release function: struct request * for ublk @hex @redact kernel */
  __u64 release;    /* address of the release function; 0 up to 6.12 @hex @redact kernel */
  __u64 tag;        /* tag that the application set @hex @redact user */
  __s32 references; /* references to the node: one from the table, one from each request; -1 up to 6.12 */
  __u32 sharers;    /* rings that share the buffer */
  __u32 segments;   /* number of segments */
  __u32 index;      /* slot in the ring's buffer table; ~0 if unknown @null max */
  __u8 is_kernel;   /* true for a kernel buffer, which a driver such as ublk lends @json kernel @bool */
  __u8 direction;   /* RECORD_BUFFER_*: 1 into the buffer, 2 out of it, 3 both */
  __u8 in_table;    /* true if the buffer was in slot `index` @bool */
  __u8 reserved[5];
};

/* Kinds of files with an anonymous inode. These files share one inode, which therefore does not identify them. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("AnonymousKind") record_anonymous : __u16 {
  RECORD_ANONYMOUS_NONE RECORD_SWIFT_NAME("none") = 0,   /* no anonymous inode, or an unlisted kind @json null */
  RECORD_ANONYMOUS_EVENTFD RECORD_SWIFT_NAME("eventfd") = 1,     /* eventfd(2) */
  RECORD_ANONYMOUS_TIMERFD RECORD_SWIFT_NAME("timerfd") = 2,     /* timerfd_create(2) */
  RECORD_ANONYMOUS_EPOLL RECORD_SWIFT_NAME("epoll") = 3,         /* epoll_create(2) */
  RECORD_ANONYMOUS_SIGNALFD RECORD_SWIFT_NAME("signalfd") = 4,   /* signalfd(2) */
  RECORD_ANONYMOUS_IO_URING RECORD_SWIFT_NAME("ioUring") = 5,    /* a ring @json io_uring */
  RECORD_ANONYMOUS_PIDFD RECORD_SWIFT_NAME("pidfd") = 6,         /* pidfd_open(2), up to 6.8 */
  RECORD_ANONYMOUS_INOTIFY RECORD_SWIFT_NAME("inotify") = 7,     /* inotify_init(2) */
  RECORD_ANONYMOUS_USERFAULTFD RECORD_SWIFT_NAME("userfaultfd") = 8, /* userfaultfd(2) */
  RECORD_ANONYMOUS_PERF_EVENT RECORD_SWIFT_NAME("perfEvent") = 9,    /* perf_event_open(2) @json perf_event */
};
// clang-format on

/*
 * Identity of a request's file, which stays valid when the descriptor refers to another file later. The kernel reuses
 * inode numbers and addresses, but not all of these fields at once.
 *
 * @order file device inode generation mode file_system anonymous
 * @plain file_system mode
 */
struct record_file_identity {
  __u64 file;        /* struct file *, the open file; 0 if unknown @hex @redact kernel */
  __u64 inode;       /* inode number @any @redact inode */
  __u32 device;      /* s_dev of the file system: major << 20 | minor @redact number */
  __u32 generation;  /* generation of the inode number, if the file system keeps one @redact number */
  __u32 file_system; /* magic number of the file system, statfs(2) */
  __u16 mode;        /* mode of the inode: S_IF* and permissions */
  enum record_anonymous anonymous; /* kind of a file with an anonymous inode */
};

/* One pair of numbers in the list that follows a record. */
struct record_count {
  __u32 what;
  __u32 count;
};
