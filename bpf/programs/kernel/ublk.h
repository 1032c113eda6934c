/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Types and commands of drivers/block/ublk_drv.c, 6.12 to 7.3. CO-RE finds the types of the module ublk_drv only if the
 * module was loaded before the BPF programs.
 */
#pragma once
#include "kernel/disks.h"

/* ublk's commands are ioctl numbers of type 'u'. */
#define IS_UBLK(command) ((((command) >> 8) & 0xff) == 'u')
/*
 * True for FETCH_REQ, COMMIT_AND_FETCH_REQ and NEED_GET_DATA. In other commands the driver's data (pdu) is unset or has
 * another layout.
 */
#define UBLK_PDU_HAS_TAG(command) (IS_UBLK(command) && ((command)&0xff) >= 0x20 && ((command)&0xff) <= 0x22)
/* True for commands of a queue, not for those of /dev/ublk-control. */
#define IS_UBLK_IO(command) (IS_UBLK(command) && ((command)&0xff) >= 0x20)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ublk_io {
  unsigned int flags;
  void *req; /* in a union with the command; valid while the server has the I/O; missing in 6.12 */
};
#define UBLK_IO_FLAG_OWNED_BY_SRV 2

struct ublk_queue {
  int q_id; /* 16 bits on 7.3 */
  unsigned long flags;
  struct ublk_io ios[];
};

/* The driver's data (pdu) in a ublk command that waits for a block request. */
struct ublk_uring_cmd_pdu___waiting {
  struct ublk_queue *ubq;
  __u16 tag;
};

struct cdev {
  const void *ops;
};

struct ublksrv_ctrl_dev_info {
  __u64 flags;
  int ublksrv_pid;
};

struct ublk_device {
  struct gendisk *ub_disk;
  struct ublksrv_ctrl_dev_info dev_info;
  struct cdev cdev;
};

#pragma clang attribute pop
