/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A ring's registered files and provided buffers, 6.1 to 7.3. */
#pragma once
#include "disk_types.h"
#include "requests.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_rsrc_node___file {
  unsigned long file_ptr;
};

/* Up to 6.12 */
struct io_fixed_file {
  unsigned long file_ptr;
};

struct io_file_table___slots {
  struct io_fixed_file *files;
};

struct io_ring_ctx___file_slots {
  struct io_file_table___slots file_table;
};

struct file___opened {
  unsigned int f_mode;
};
#define FMODE_READ 1
#define FMODE_WRITE 2

struct super_block___magic {
  unsigned long s_magic;
};

struct inode___numbered {
  unsigned long i_ino;
};

struct xarray {
  void *xa_head;
};

struct xa_node {
  unsigned char shift;
  void *slots[64];
};

struct io_ring_ctx___provided {
  struct xarray io_bl_xa;
};

struct io_uring_buf_ring {
  __u16 tail;
};

struct io_buffer_list {
  struct list_head buf_list; /* shares its place with buf_ring */
  struct io_uring_buf_ring *buf_ring;
  __u16 bgid;
  __u16 head;
  __u16 mask;
};

/* Later than 6.1 */
struct io_buffer_list___flags {
  __u16 flags;
};
#define IOBL_BUF_RING 1

/* 6.17: how many are in buf_list */
struct io_buffer_list___counted {
  int nbufs;
};

/* 6.1: of a buffer ring not 0; and the first groups are in an array. */
struct io_buffer_list___pages {
  __u16 buf_nr_pages;
};

struct io_ring_ctx___first_groups {
  struct io_buffer_list *io_bl;
};

#pragma clang attribute pop
