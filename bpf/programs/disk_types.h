/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The block layer's types on the way from a file to what its device works on, 6.1 to 7.3. */
#pragma once
#include "kernel_types.h"
#include "ublk_types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct inode;

struct address_space {
  struct inode *host;
};

struct block_device {
  struct request_queue *bd_queue;
};

struct super_block {
  struct block_device *s_bdev;
};

struct inode {
  unsigned short i_mode;
  struct super_block *i_sb;
  struct cdev *i_cdev;
};

struct bdev_inode {
  struct block_device bdev;
  struct inode vfs_inode;
};

struct file___mapped {
  struct address_space *f_mapping;
  struct inode *f_inode;
};

struct blk_mq_tags {
  unsigned int nr_tags;
  struct request **rqs;
};

struct blk_mq_tag_set {
  unsigned int nr_hw_queues;
  struct blk_mq_tags **tags;
};

struct request_queue___tags {
  struct blk_mq_tag_set *tag_set;
};

struct bio {
  struct bio *bi_next;
  void *bi_private;
};

enum mq_rq_state { MQ_RQ_IDLE = 0 };

struct request___state {
  struct bio *bio;
  __u64 start_time_ns;
  __u64 io_start_time_ns;
  enum mq_rq_state state;
};

struct blkdev_dio {
  void *iocb;
  struct bio bio;
};

struct iomap_dio {
  void *iocb;
};

struct gendisk___served {
  struct request_queue *queue;
  void *private_data;
};

struct blk_mq_hw_ctx___driver {
  void *driver_data;
};

#pragma clang attribute pop

#define S_IFMT 0170000
#define S_IFCHR 0020000
#define S_IFBLK 0060000
#define S_IFREG 0100000
