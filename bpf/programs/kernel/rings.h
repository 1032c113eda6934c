/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* io_uring: rings, requests and registered buffers. */
#pragma once
#include "kernel/base.h"
#include "kernel/tasks.h"
#include "kernel/uapi.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_wq_work_node {
  struct io_wq_work_node *next;
};

struct io_wq_work_list {
  struct io_wq_work_node *first;
  struct io_wq_work_node *last;
};

struct wait_queue_head {
  struct list_head head;
};

struct wait_queue_entry {
  void *private;
  struct list_head entry;
};

struct io_submit_state {
  struct io_wq_work_node free_list;
  struct io_wq_work_list compl_reqs;
};

/* Registered buffers and files */

struct refcount_struct {
  struct {
    int counter;
  } refs;
};

struct io_mapped_ubuf {
  __u64 ubuf;
  __u64 len; /* 32 bits on some kernels, see buffer_length */
  unsigned int nr_bvecs;
  struct refcount_struct refs;
  void *release; /* release, priv and dir exist if buffers_have_release() */
  void *priv;
  __u8 dir;
};

struct io_rsrc_node {
  __u8 type;
  int refs;
  __u64 tag;
  struct io_mapped_ubuf *buf;
  unsigned long file_ptr; /* in a union with buf */
};
#define IORING_RSRC_BUFFER 1

struct io_rsrc_data {
  unsigned int nr;
  struct io_rsrc_node **nodes;
};

struct io_file_table {
  struct io_rsrc_data data;
};

/* Rings */

struct io_sq_data {
  struct task_struct *thread;
  unsigned sq_thread_idle;
};

/* Begins with a 32-bit number: a cast to this type loads an entry of the SQ array without a helper call. */
struct io_uring {
  __u32 head;
  __u32 tail;
};

struct io_rings {
  struct io_uring sq, cq;
  atomic_t sq_flags;
  struct io_uring_cqe cqes[1];
};

struct io_hash_bucket {
  struct hlist_head list;
};

struct io_hash_table {
  struct io_hash_bucket *hbs;
  unsigned int hash_bits;
};

typedef struct {
  __s64 counter;
} atomic64_t;

struct percpu_ref_data {
  atomic64_t count;
};

struct percpu_ref {
  unsigned long percpu_count_ptr;
  struct percpu_ref_data *data;
};

struct xarray {
  void *xa_head;
};

/* With PREEMPT_RT a mutex has no `owner`. */
struct mutex {
  atomic64_t owner;
};

struct io_ring_ctx {
  unsigned int flags;
  struct mutex uring_lock;
  struct io_rings *rings;
  unsigned int cached_cq_tail;
  unsigned long check_cq;
  struct wait_queue_head cq_wait;
  struct task_struct *submitter_task;
  __u32 *sq_array;
  struct io_uring_sqe *sq_sqes;
  unsigned int cached_sq_head;
  unsigned int sq_entries;
  unsigned int cq_entries;
  struct io_sq_data *sq_data;
  struct mm_struct *mm_account;
  struct io_ev_fd *io_ev_fd;
  struct io_submit_state submit_state;
  struct io_file_table file_table;
  struct io_rsrc_data buf_table;
  struct io_hash_table cancel_table;
  struct list_head timeout_list;
  struct list_head ltimeout_list;
  struct list_head defer_list;
  struct list_head cq_overflow_list;
  struct percpu_ref refs;
  struct xarray io_bl_xa;
};

/* An entry of the queue cq_wait, for a task that waits in io_uring_enter. */
struct io_wait_queue {
  struct wait_queue_entry wq;
  struct io_ring_ctx *ctx;
  unsigned int cq_tail;
};

/* Requests */

struct io_cqe {
  __u64 user_data;
  __s32 res;
  int fd; /* in a union with the CQE's flags */
};

struct io_cmd_data {
  struct file *file;
};

struct io_wq_work {
  struct io_wq_work_node list;
};

struct io_task_work {
  struct llist_node node;
};

struct async_poll;

struct io_kiocb {
  struct io_cmd_data cmd;
  struct file *file;
  __u8 opcode;
  __u16 buf_index;
  __u64 flags; /* 32 bits on 6.1; CO-RE adjusts direct loads */
  struct io_cqe cqe;
  struct io_ring_ctx *ctx;
  struct io_wq_work_node comp_list;
  struct io_rsrc_node *buf_node; /* exists if requests_have_nodes() */
  struct io_task_work io_task_work;
  struct hlist_node hash_node;
  struct async_poll *apoll;
  void *async_data;
  struct io_kiocb *link;
  struct io_wq_work work;
};

#pragma clang attribute pop
