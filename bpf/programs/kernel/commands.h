/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Types of `cmd`, the first bytes of an io_kiocb, whose layout depends on the opcode. */
#pragma once
#include "kernel/rings.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kiocb {
  __s64 ki_pos;
};

struct io_rw {
  struct kiocb kiocb;
  __u64 addr;
  __u32 len;
  __u32 flags;
};

struct io_poll {
  __u32 events;
};

struct io_sr_msg {
  struct io_kiocb *notif;
  unsigned int flags;
  void *buf;
  __u32 len;
  __u32 msg_flags;
  __u16 buf_group;
};

struct io_uring_cmd {
  unsigned int cmd_op;
  unsigned int flags;
  __u8 pdu[32];
};

struct io_timeout {
  __u32 off;
  struct list_head list;
  struct io_kiocb *head;
};

struct io_accept {
  void *addr;
};

struct io_connect {
  void *addr;
};

struct io_sync {
  __s64 len;
  __s64 off;
  int flags;
};

struct io_splice {
  int splice_fd_in;
  __s64 off_out;
  __u64 len;
  unsigned int flags;
};

struct io_futex {
  void *uaddr;
  unsigned long futex_val;
  unsigned int futex_nr;
};

struct io_waitid {
  int which;
  int upid;
};

#pragma clang attribute pop

#define POLL_ONE_SHOT (1U << 30) /* EPOLLONESHOT in io_poll.events: set unless IORING_POLL_ADD_MULTI */
