/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Types and constants of include/uapi/linux/io_uring.h. They are declared here because the installed header can be
 * older than the running kernel.
 */
#pragma once
#include "kernel/base.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_uring_sqe {
  __u8 opcode;
  __u8 flags;
  __u16 ioprio;
  __s32 fd;
  __u64 off;
  __u64 addr;
  __u32 len;
  __u32 rw_flags; /* in a union with the flags of the other opcodes */
  __u64 user_data;
  __u16 buf_index;
  __u16 personality;
  __u32 file_index;
  __u64 addr3;
  __u64 __pad2[1];
};

struct io_uring_cqe {
  __u64 user_data;
  __s32 res;
  __u32 flags;
};

struct io_uring_buf_ring {
  __u16 tail;
};

/*
 * Opcodes whose values CO-RE reads from the running kernel. NOP128 and URING_CMD128 exist in 7.2 and later, LOCAL_BUF
 * only in the local-buffer patch series.
 */
enum io_uring_op {
  IORING_OP_NOP128 = 1,
  IORING_OP_URING_CMD128 = 2,
  IORING_OP_LOCAL_BUF = 3,
};

#pragma clang attribute pop

#define IORING_SQ_NEED_WAKEUP 1

#define IORING_SETUP_SQPOLL (1U << 1)
#define IORING_SETUP_SQE128 (1U << 10)
#define IORING_SETUP_CQE32 (1U << 11)
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#define IORING_SETUP_REGISTERED_FD_ONLY (1U << 15)
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#define IORING_SETUP_CQE_MIXED (1U << 18)
#define IORING_SETUP_SQE_MIXED (1U << 19)
#define IORING_SETUP_SQ_REWIND (1U << 20)

#define IORING_ENTER_GETEVENTS (1U << 0)
#define IORING_ENTER_REGISTERED_RING (1U << 4)

#define SECCOMP_MODE_FILTER 2

#define IOSQE_FIXED_FILE_BIT 1
#define IOSQE_BUFFER_SELECT_BIT 32

#define IORING_CQE_F_MORE (1U << 1)
#define IORING_CQE_F_NOTIF (1U << 3)
#define IORING_CQE_F_SKIP (1U << 5)
#define IORING_CQE_F_32 (1U << 15)

#define IORING_URING_CMD_FIXED 1
#define IORING_RECVSEND_FIXED_BUF 4
#define IORING_TIMEOUT_ABS (1U << 0)
#define IORING_TIMEOUT_BOOTTIME (1U << 2)
#define IORING_TIMEOUT_REALTIME (1U << 3)
#define IORING_TIMEOUT_MULTISHOT (1U << 6)

#define IORING_REGISTER_BUFFERS 0
#define IORING_UNREGISTER_BUFFERS 1
#define IORING_REGISTER_BUFFERS2 15
#define IORING_REGISTER_BUFFERS_UPDATE 16
#define IORING_REGISTER_PBUF_RING 22
#define IORING_UNREGISTER_PBUF_RING 23
#define IORING_REGISTER_CLONE_BUFFERS 30
#define IORING_REGISTER_USE_REGISTERED_RING (1U << 31)

enum {
  OP_NOP = 0,
  OP_READV = 1,
  OP_WRITEV = 2,
  OP_FSYNC = 3,
  OP_READ_FIXED = 4,
  OP_WRITE_FIXED = 5,
  OP_POLL_ADD = 6,
  OP_SYNC_FILE_RANGE = 8,
  OP_SENDMSG = 9,
  OP_RECVMSG = 10,
  OP_TIMEOUT = 11,
  OP_ACCEPT = 13,
  OP_LINK_TIMEOUT = 15,
  OP_CONNECT = 16,
  OP_FALLOCATE = 17,
  OP_READ = 22,
  OP_WRITE = 23,
  OP_SEND = 26,
  OP_RECV = 27,
  OP_SPLICE = 30,
  OP_TEE = 33,
  OP_URING_CMD = 46,
  OP_SEND_ZC = 47,
  OP_SENDMSG_ZC = 48,
  OP_READ_MULTISHOT = 49,
  OP_WAITID = 50,
  OP_FUTEX_WAIT = 51,
  OP_FUTEX_WAKE = 52,
  OP_FUTEX_WAITV = 53,
  OP_READV_FIXED = 60,
  OP_WRITEV_FIXED = 61,
};

/* include/uapi/linux/splice.h */
#define SPLICE_F_FD_IN_FIXED (1U << 31)

/* True for opcodes with needs_file (io_uring/opdef.c). In requests with other opcodes, `file` has another meaning. */
static __always_inline bool opcode_has_file(__u8 opcode) {
  const __u64 first = 0x3fc3cb064dc3277eULL;               /* bit N: opcode N, up to 63 */
  return opcode < 64 ? first >> opcode & 1 : opcode == 64; /* URING_CMD128 */
}
