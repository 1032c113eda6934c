/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Registered, provided and lent buffers, and the block and FUSE requests whose pages are lent. */

#ifdef RECORD_KINDS
// clang-format off
RECORD_COMMAND RECORD_SWIFT_NAME("command") = 19,
RECORD_BUFFER_USE RECORD_SWIFT_NAME("bufferUse") = 20,
RECORD_BUFFER_RELEASE RECORD_SWIFT_NAME("bufferRelease") = 21,
RECORD_BUFFER_TABLE RECORD_SWIFT_NAME("bufferTable") = 22,
RECORD_BUFFER_SLOT RECORD_SWIFT_NAME("bufferSlot") = 23,
RECORD_BLOCK_REQUEST RECORD_SWIFT_NAME("blockRequest") = 25,
RECORD_GROUP_BUFFER RECORD_SWIFT_NAME("groupBuffer") = 26,
RECORD_FUSE_REQUEST RECORD_SWIFT_NAME("fuseRequest") = 28,
RECORD_LOCAL_BUFFER RECORD_SWIFT_NAME("localBuffer") = 29,
RECORD_PROVIDED_TAIL RECORD_SWIFT_NAME("providedTail") = 74,
RECORD_PROVIDED_GROUP RECORD_SWIFT_NAME("providedGroup") = 91,
RECORD_PROVIDED_TWICE RECORD_SWIFT_NAME("providedTwice") = 106,
RECORD_HELD_BUFFER RECORD_SWIFT_NAME("heldBuffer") = 109,
// clang-format on
#else

/*
 * The kernel function that released a buffer.
 *
 * @unknown number
 */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("ReleaseFunction") record_release : __u32 {
  RECORD_FREE_RSRC_NODE RECORD_SWIFT_NAME("freeRsrcNode") = 1, /* 6.15 and later @json io_free_rsrc_node */
  RECORD_RELEASE_UBUF RECORD_SWIFT_NAME("releaseUbuf") = 2, /* called as imu->release @json io_release_ubuf */
  RECORD_UBLK_IO_RELEASE RECORD_SWIFT_NAME("ublkIORelease") = 3, /* called as imu->release @json ublk_io_release */
  RECORD_FUSE_RELEASE RECORD_SWIFT_NAME("fuseRelease") = 4, /* 7.3 @json fuse_zero_copy_release */
  RECORD_BUFFER_UNMAP RECORD_SWIFT_NAME("bufferUnmap") = 5, /* up to 6.12 @json io_buffer_unmap */
  RECORD_GROUP_GIVEBACK RECORD_SWIFT_NAME("groupGiveback") = 6, /* SQE groups @json grp_kbuf_ack */
};
// clang-format on

/*
 * A URING_CMD on a ublk device completes. The record precedes the request's `complete`.
 *
 * @title "ublk command" label
 * @needs ring request
 * @event
 * @logged
 * @order command device flags block
 * @plain command flags
 */
struct record_command {
  struct record base;
  __u64 device;  /* private data of the character device: identifies the device @hex @redact kernel */
  __u32 command; /* cmd_op @derive ublk_command */
  __u32 flags;   /* low half of the device's UBLK_F_*; 0 if unknown @json ublk_flags */
  struct record_block block; /* block request that the command delivers, or null @object @null zero */
};

/*
 * The registered buffer of a request that completes. The record precedes the request's `complete`. For zero-copy sends
 * from 6.15 on, `req` is the io_kiocb of the notification.
 *
 * @title "buffer use" faint
 * @needs ring request
 * @event
 * @logged
 */
struct record_buffer_use {
  struct record base;
  struct record_buffer buffer;
};

/*
 * A lent or registered buffer was released. Recorded only where the kernel allows fentry. `ctx` is 0 if the release
 * function has no ring argument.
 *
 * @title "buffer release" good
 * @event
 * @logged
 * @order function buffer node priv release sharers
 * @plain sharers
 */
struct record_buffer_release {
  struct record base;
  __u64 buffer;                 /* struct io_mapped_ubuf * @hex @redact kernel */
  __u64 node;                   /* struct io_rsrc_node * @hex @redact kernel */
  __u64 priv;                   /* argument of the release function @hex @redact kernel */
  __u64 release;                /* address of the release function @hex @redact kernel */
  enum record_release function; /* function that released the buffer; a number if its name is unknown */
  __u32 sharers; /* rings that shared the buffer until now; if 1, the memory itself is released */
};

/*
 * A call of io_uring_register changed the ring's buffer table, or uringtop read the table. The `buffer_slot` records
 * that follow list all buffers in the `count` slots from `first` on.
 *
 * @title "buffer table" label
 * @needs ring
 * @event
 * @logged
 * @plain size first count register_opcode
 */
struct record_buffer_table {
  struct record base;
  __u32 size;            /* slots of the whole table */
  __u32 first;           /* first slot described */
  __u32 count;           /* slots described */
  __u32 register_opcode; /* IORING_REGISTER_* of the call; null if read by uringtop @null max */
};

/*
 * An occupied slot of the ring's buffer table.
 *
 * @title "buffer slot" faint
 * @needs ring
 */
struct record_buffer_slot {
  struct record base;
  struct record_buffer buffer;
};

/*
 * A registered buffer that a request in flight still holds, although its slot is empty or has another buffer. An
 * inventory (a search of the kernel's structures for requests in flight) that began at `time_ns` found the request. The
 * record is valid only if no later record names the request.
 *
 * @title "held buffer" faint
 * @needs ring request
 */
struct record_held_buffer {
  struct record base;
  struct record_buffer buffer;
};

/*
 * The block request whose pages are the buffer of the `buffer_use` that follows.
 *
 * @title "block request" faint
 * @needs ring request
 */
struct record_block_request {
  struct record base;
  struct record_block block; /* facts about the block request @object */
};

/*
 * SQE groups (patched kernels): the buffer that a group's leader lends. Recorded when the leader or a member completes,
 * and when a member arms a poll.
 *
 * @title "group buffer" faint
 * @needs ring request
 * @plain length offset segments direction
 */
struct record_group_buffer {
  struct record base;
  __u64 leader; /* struct io_kiocb * of the leader; equal to req if req is the leader @hex @redact kernel */
  __u64 acknowledge; /* address of grp_kbuf_ack, which takes the buffer back @hex @redact kernel */
  __u64 length;      /* size @unit bytes */
  __u64 offset;      /* offset of the data in the buffer's segments @unit bytes */
  __u32 segments;    /* segments of the buffer */
  __u32 direction;   /* RECORD_BUFFER_*: 1 into the buffer, 2 out of it, 3 both */
};

/*
 * A FUSE server's command completes and delivers a FUSE request whose pages are in a slot of the ring's buffer table
 * (7.3). The record precedes the command's `complete`.
 *
 * @title "FUSE request" label
 * @needs ring request
 * @event
 * @logged
 * @order command queue unique node operation offset length buffer
 * @plain offset length operation command queue
 */
struct record_fuse_request {
  struct record base;
  __u64 unique;    /* number of the FUSE request @hex @redact word */
  __u64 node;      /* node id that the FUSE server gave the file @json node_id @hex @redact user */
  __u64 offset;    /* offset in the file @json file_offset @unit bytes @any */
  __u32 length;    /* size @json file_length @unit bytes */
  __u32 operation; /* FUSE_READ (15) or FUSE_WRITE (16) */
  __u32 command;   /* FUSE_IO_URING_CMD_* @derive fuse_command */
  __u32 queue;     /* queue of the FUSE connection */
  struct record_buffer buffer;
};

/*
 * Local buffers (patched kernels): the buffer that a request sets up or uses. The record follows the request's
 * `submit`. A local buffer is not in the ring's buffer table.
 *
 * @title "local buffer" faint
 * @needs ring request
 * @order role buffer
 * @plain role
 */
struct record_local_buffer {
  struct record base;
  struct record_buffer buffer;
  __u32 role; /* 3: the request sets up the buffer; 4: the request uses the buffer */
  __u32 reserved;
};

/*
 * The application has added buffers to a buffer ring.
 *
 * @title "provided tail" faint
 * @needs ring
 * @plain bgid tail
 */
struct record_provided_tail {
  struct record base;
  __u32 bgid; /* buffer group */
  __u32 tail; /* new tail of the buffer ring, modulo 65536 */
};

/*
 * A group of provided buffers, as an inventory found it at `time_ns`.
 *
 * @title "provided group" faint
 * @needs ring
 * @plain bgid left entries head_length head_bid head_slot
 */
struct record_provided_group {
  struct record base;
  __u32 bgid;          /* buffer group */
  __u32 left;          /* available buffers */
  __u32 entries;       /* entries of the buffer ring; 0 if the buffers come from PROVIDE_BUFFERS */
  __u32 head_is_known; /* true if the fields below describe the head of the buffer ring @bool @reused 1 */
  __u64 head_address;  /* address of the buffer at the head @hex @added 1 @redact user */
  __u32 head_length;   /* size of the buffer at the head @unit bytes @added 1 */
  __u16 head_bid;      /* buffer id of the entry at the head @added 1 */
  __u16 head_slot;     /* slot of the head in the buffer ring @added 1 */
};

/*
 * A request that selects a provided buffer was submitted while the group's buffer ring contained the same buffer twice:
 * at the head and again behind it.
 *
 * @title "provided twice" warning
 * @needs ring request
 * @plain bgid bid distance left
 */
struct record_provided_twice {
  struct record base;
  __u32 bgid;     /* buffer group */
  __u32 bid;      /* buffer id */
  __u32 distance; /* entries from the head to the second occurrence */
  __u32 left;     /* available buffers */
};

#endif
