/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Types through which the block requests of a file's device are found, for kernels 6.1 to 7.3. */
#pragma once
#include "kernel/base.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct gendisk {
  char disk_name[32];
  struct request_queue *queue;
  void *private_data;
};

struct blk_mq_tags {
  unsigned int nr_tags;
  struct request **rqs;
};

struct blk_mq_tag_set {
  unsigned int nr_hw_queues;
  struct blk_mq_tags **tags;
};

struct request_queue {
  struct gendisk *disk;
  struct blk_mq_tag_set *tag_set;
};

struct blk_mq_hw_ctx {
  unsigned int queue_num;
  void *driver_data;
};

struct bio {
  struct bio *bi_next;
  void *bi_private;
};

enum mq_rq_state { MQ_RQ_IDLE = 0 };

struct request {
  struct request_queue *q;
  struct blk_mq_hw_ctx *mq_hctx;
  unsigned int cmd_flags;
  int tag;
  unsigned int __data_len;
  __u64 __sector;
  struct bio *bio;
  __u64 start_time_ns;
  __u64 io_start_time_ns;
  enum mq_rq_state state;
};

struct inode;

struct address_space {
  struct inode *host;
};

struct block_device {
  struct request_queue *bd_queue;
};

struct super_block {
  unsigned int s_dev;
  struct block_device *s_bdev;
  unsigned long s_magic;
};

struct inode {
  unsigned short i_mode;
  struct super_block *i_sb;
  struct cdev *i_cdev;
  unsigned long i_ino;
  unsigned int i_rdev;
  unsigned int i_generation;
};

struct bdev_inode {
  struct block_device bdev;
  struct inode vfs_inode;
};

struct blkdev_dio {
  void *iocb;
  struct bio bio;
};

struct iomap_dio {
  void *iocb;
};

#pragma clang attribute pop

#define S_IFMT 0170000
#define S_IFCHR 0020000
#define S_IFBLK 0060000
#define S_IFREG 0100000
