/*
 * Functions of liburing, and the parts of the io_uring and ublk interfaces that Debian 12's headers lack.
 *
 * Numbers and layouts are ABI, from the kernel's include/uapi/linux/ublk_cmd.h up to 7.3. The names differ from the
 * kernel's, so that they cannot clash with those of a newer header.
 */
#pragma once

#include <linux/ioctl.h>
#include <stddef.h>
#include <stdint.h>

/* --- rings --------------------------------------------------------------------------------- */

/* liburing's ring. liburing's header is not included here: it changes declarations of the C library, which breaks
   Swift's import of the C library. Functions return 0 or a negative errno. */
struct io_uring;

int curing_open(unsigned entries, unsigned setup, struct io_uring **ring);
void curing_close(struct io_uring *ring);
int curing_descriptor(const struct io_uring *ring);

/* Returns the number of free entries in the submission queue. */
unsigned curing_space(const struct io_uring *ring);

int curing_submit(struct io_uring *ring);

/* Submits the queued requests and waits for one completion, at most `nanoseconds`. Returns -ETIME on timeout. */
int curing_submit_and_wait(struct io_uring *ring, uint64_t nanoseconds);

/* Registers a buffer table of `count` empty slots, or of `count` adjacent buffers of `size` bytes. */
int curing_register_sparse_buffers(struct io_uring *ring, unsigned count);
int curing_register_buffers(struct io_uring *ring, uint64_t address, size_t size, unsigned count);
int curing_unregister_buffers(struct io_uring *ring);

/* The IORING_OP_* that uringtop uses. */
enum curing_opcode {
  CURING_OP_FSYNC = 3,
  CURING_OP_READ_FIXED = 4,
  CURING_OP_WRITE_FIXED = 5,
  CURING_OP_POLL_ADD = 6,
  CURING_OP_TIMEOUT = 11,
  CURING_OP_ASYNC_CANCEL = 14,
  CURING_OP_LINK_TIMEOUT = 15,
  CURING_OP_FALLOCATE = 17,
  CURING_OP_OPENAT = 18,
  CURING_OP_CLOSE = 19,
  CURING_OP_READ = 22,
  CURING_OP_WRITE = 23,
  CURING_OP_SEND = 26,
  CURING_OP_RECV = 27,
  CURING_OP_URING_CMD = 46,
  CURING_OP_SEND_ZC = 47,
};

/* --- requests ------------------------------------------------------------------------------ */

/* A request of any opcode. Swift code uses it instead of an SQE, whose unions are inconvenient in Swift. */
struct curing_request {
  uint8_t opcode; /* IORING_OP_* */
  uint8_t flags;  /* IOSQE_* */
  uint16_t ioprio;
  int32_t fd;
  uint64_t offset;
  uint64_t address; /* address of the memory; for a kernel buffer, the offset in the buffer */
  uint32_t length;
  uint32_t op_flags; /* rw_flags, fsync_flags, msg_flags … */
  uint64_t user_data;
  uint16_t buffer;     /* index in the ring's buffer table, for fixed-buffer opcodes */
  uint16_t words;      /* number of words in `payload`: 2, or 4 on a ring with 128-byte SQEs */
  uint32_t command;    /* cmd_op of IORING_OP_URING_CMD */
  uint64_t payload[4]; /* sqe->cmd */
};

/* Queues a request. Returns 0 if the submission queue is full. */
int curing_push(struct io_uring *ring, const struct curing_request *request);

/* Reaps one completion. Returns 0 if there is none. */
int curing_pop(struct io_uring *ring, uint64_t *user_data, int32_t *result, uint32_t *flags);

/* Flags of the completions of SEND_ZC, and the flag of sends from fixed buffers. */
enum : uint32_t {
  CURING_CQE_MORE = 1u << 1,
  CURING_CQE_NOTIFICATION = 1u << 3,
  CURING_SEND_FIXED_BUFFER = 1u << 2, /* in sqe->ioprio */
};

/* --- functions of the C library that Swift does not import ----------------------------------- */

/* Creates an unnamed file in memory. Returns a descriptor, or -1 and errno. */
int curing_memory_file(const char *name);

/* Creates a pipe with room for `capacity` bytes, and sets `capacity` to its real size. Returns 0, or -1 and errno. */
int curing_pipe(int ends[2], int *capacity);

/* Returns O_DIRECT, which Swift does not import. */
int curing_direct_flag(void);
/* Returns the calling thread's id, as in /proc. */
int curing_thread_id(void);

/* --- ublk: commands ------------------------------------------------------------------------ */

/* Payload of a command to the control device, /dev/ublk-control; needs 128-byte SQEs. */
struct curing_ublk_control {
  uint32_t device;
  uint16_t queue;  /* 0xffff: none */
  uint16_t length; /* size of the memory at `address` */
  uint64_t address;
  uint64_t data;
  uint16_t path_length;
  uint16_t reserved1;
  uint32_t reserved2;
};

/* Payload of a command to a queue, on /dev/ublkcN. */
struct curing_ublk_io {
  uint16_t queue;
  uint16_t tag;
  int32_t result;
  uint64_t address; /* memory for the data (without zero copy), or the slot in the ring's buffer table */
};

enum : uint32_t {
  CURING_UBLK_GET_DEV_INFO = _IOR('u', 0x02, struct curing_ublk_control),
  CURING_UBLK_ADD_DEV = _IOWR('u', 0x04, struct curing_ublk_control),
  CURING_UBLK_DEL_DEV = _IOWR('u', 0x05, struct curing_ublk_control),
  CURING_UBLK_START_DEV = _IOWR('u', 0x06, struct curing_ublk_control),
  CURING_UBLK_STOP_DEV = _IOWR('u', 0x07, struct curing_ublk_control),
  CURING_UBLK_SET_PARAMS = _IOWR('u', 0x08, struct curing_ublk_control),
  CURING_UBLK_GET_FEATURES = _IOR('u', 0x13, struct curing_ublk_control),
  CURING_UBLK_DEL_DEV_ASYNC = _IOR('u', 0x14, struct curing_ublk_control),
};

enum : uint32_t {
  CURING_UBLK_FETCH = _IOWR('u', 0x20, struct curing_ublk_io),
  CURING_UBLK_COMMIT_AND_FETCH = _IOWR('u', 0x21, struct curing_ublk_io),
  CURING_UBLK_REGISTER_IO_BUF = _IOWR('u', 0x23, struct curing_ublk_io),
  CURING_UBLK_UNREGISTER_IO_BUF = _IOWR('u', 0x24, struct curing_ublk_io),
};

/* --- ublk: devices ------------------------------------------------------------------------- */

/* Features of a device, requested in ADD_DEV; features of the driver, reported by GET_FEATURES. */
enum : uint64_t {
  CURING_UBLK_F_ZERO_COPY = 1ull << 0,
  CURING_UBLK_F_IOCTL_ENCODE = 1ull << 6,
  CURING_UBLK_F_USER_COPY = 1ull << 7,
  CURING_UBLK_F_AUTO_BUFFER = 1ull << 11,
};

/* Flag in bits 16 to 23 of sqe->addr, with AUTO_BUFFER: the driver delivers an I/O even if its buffer could not be
   registered, marked CURING_UBLK_IO_NEEDS_BUFFER. */
enum : uint64_t { CURING_UBLK_AUTO_BUFFER_FALLBACK = 1ull << 16 };

/* Properties of a device, for ADD_DEV and GET_DEV_INFO. */
struct curing_ublk_device {
  uint16_t queues;
  uint16_t depth;
  uint16_t state; /* 0 dead, 1 live, 2 quiesced, 3 failing I/O */
  uint16_t reserved1;
  uint32_t largest_io; /* bytes */
  uint32_t id;         /* 0xffffffff in ADD_DEV: the kernel chooses */
  int32_t server;      /* process ID of the server; -1 unless the device is started */
  uint32_t reserved2;
  uint64_t features;
  uint64_t server_flags; /* for the server's own use; the driver only stores them */
  uint32_t owner_uid;
  uint32_t owner_gid;
  uint64_t reserved3[2];
};

/* Bits of `attributes` (VOLATILE_CACHE) and of `kinds` (BASIC, DISCARD) in struct curing_ublk_parameters. */
enum : uint32_t {
  CURING_UBLK_VOLATILE_CACHE = 1u << 2,
  CURING_UBLK_BASIC = 1u << 0,
  CURING_UBLK_DISCARD = 1u << 1,
};

/* Parameters of a device: the start of the kernel's struct ublk_params, with the parameters that uringtop uses. */
struct curing_ublk_parameters {
  uint32_t length; /* size of this struct */
  uint32_t kinds;

  uint32_t attributes;
  uint8_t logical_block_shift;
  uint8_t physical_block_shift;
  uint8_t optimal_io_shift;
  uint8_t minimal_io_shift;
  uint32_t largest_io_sectors;
  uint32_t chunk_sectors;
  uint64_t sectors;
  uint64_t virtual_boundary;

  uint32_t discard_alignment;
  uint32_t discard_granularity;
  uint32_t largest_discard_sectors;
  uint32_t largest_write_zeroes_sectors;
  uint16_t largest_discard_segments;
  uint16_t reserved;
};

/* --- ublk: I/O ----------------------------------------------------------------------------- */

/* The I/O of a tag. The server maps the array of these descriptors from /dev/ublkcN. */
struct curing_ublk_descriptor {
  uint32_t op_flags; /* bits 0 to 7: CURING_UBLK_OP_*, from 8: CURING_UBLK_IO_* */
  uint32_t sectors;
  uint64_t sector;
  uint64_t address;
};

enum : uint32_t {
  CURING_UBLK_OP_READ = 0,
  CURING_UBLK_OP_WRITE = 1,
  CURING_UBLK_OP_FLUSH = 2,
  CURING_UBLK_OP_DISCARD = 3,
  CURING_UBLK_OP_WRITE_ZEROES = 5,
};

/* Flags in op_flags. */
enum : uint32_t {
  CURING_UBLK_IO_NO_UNMAP = 1u << 15,
  CURING_UBLK_IO_NEEDS_BUFFER = 1u << 17,
};

/* Constants for offsets in /dev/ublkcN. The descriptors of queue Q begin at Q * 4096 * sizeof(descriptor). */
enum : uint64_t {
  CURING_UBLK_DESCRIPTORS_PER_QUEUE = 4096,
  CURING_UBLK_DATA_OFFSET = 0x80000000,
};
enum : uint32_t {
  CURING_UBLK_DATA_TAG_SHIFT = 25,
  CURING_UBLK_DATA_QUEUE_SHIFT = 41,
};
