/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel's types for the walk over what is in flight, 6.1 to 7.3, and what an io_kiocb still has of its
 * SQE. Its first bytes (cmd) belong to the opcode: struct io_rw and so on lie there.
 */
#pragma once
#include "kernel_types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_node {
  struct hlist_node *next, **pprev;
};

struct hlist_head {
  struct hlist_node *first;
};

struct llist_node {
  struct llist_node *next;
};

struct llist_head {
  struct llist_node *first;
};

/* 7.2 */
struct mpscq {
  struct llist_node *tail;
  struct llist_node stub;
};

struct io_hash_bucket {
  struct hlist_head list;
};

struct io_hash_table {
  struct io_hash_bucket *hbs;
  unsigned int hash_bits;
};

struct io_wq_work {
  struct io_wq_work_node list;
};

struct io_task_work {
  struct llist_node node;
};

struct io_cqe___fd {
  int fd;
};

struct async_poll;

struct io_kiocb___parked {
  __u16 buf_index;
  struct io_cqe cqe;
  struct io_task_work io_task_work;
  struct hlist_node hash_node;
  struct async_poll *apoll;
  void *async_data;
  struct io_kiocb *link;
  struct io_wq_work work;
};

/* Up to 6.12 */
struct io_kiocb___task {
  struct task_struct *task;
};

/* 6.17 (6.13 or later) */
struct io_kiocb___tctx {
  struct io_uring_task *tctx;
};

/* 7.2 */
struct io_kiocb___iopoll_node {
  struct list_head iopoll_node;
};

struct io_uring_task___task {
  struct task_struct *task;
};

struct io_wq;

struct io_uring_task___queues {
  struct io_wq *io_wq;
  struct llist_head task_list;
};

/* 7.2 */
struct io_uring_task___mpscq {
  struct llist_node *task_head;
  struct mpscq task_list;
};

/* Lists of a ring */

struct percpu_ref_data;

struct percpu_ref {
  unsigned long percpu_count_ptr;
  struct percpu_ref_data *data;
};

typedef struct {
  __s64 counter;
} atomic64_t;

struct percpu_ref_data {
  atomic64_t count;
};

struct io_ring_ctx___lists {
  struct io_hash_table cancel_table;
  struct list_head timeout_list;
  struct list_head ltimeout_list;
  struct list_head defer_list;
  struct list_head cq_overflow_list;
  struct percpu_ref refs;
};

/* Up to 6.12 */
struct io_ring_ctx___cancel_table_locked {
  struct io_hash_table cancel_table_locked;
};

struct io_ring_ctx___cq_extra {
  unsigned int cq_extra;
};

/* Later than 6.1 */
struct io_ring_ctx___cancelable {
  struct hlist_head cancelable_uring_cmd;
};

struct io_ring_ctx___waitid {
  struct hlist_head waitid_list;
};

struct io_ring_ctx___futex {
  struct hlist_head futex_list;
};

/* Up to 6.18, and 7.2 */
struct io_ring_ctx___iopoll_single {
  struct io_wq_work_list iopoll_list;
};

struct io_ring_ctx___iopoll_double {
  struct list_head iopoll_list;
};

struct io_ring_ctx___work_llist {
  struct llist_head work_llist;
};

/* 6.17, 6.18 */
struct io_ring_ctx___retry_llist {
  struct llist_head retry_llist;
};

/* 7.2 */
struct io_ring_ctx___work_mpscq {
  struct llist_node *work_head;
  struct mpscq work_list;
};

/* 6.17 */
struct io_ring_ctx___allocated {
  unsigned int nr_req_allocated;
};

struct io_defer_entry {
  struct list_head list;
  struct io_kiocb *req;
};

struct io_overflow_cqe {
  struct list_head list;
  struct io_uring_cqe cqe;
};

struct io_rings___cqes {
  struct io_uring_cqe cqes[1];
};

/* io-wq */

struct io_wq_acct {
  struct io_wq_work_list work_list;
};

struct io_wq {
  struct io_wq_acct acct[2];
};

/* 6.1: one for each NUMA node */
struct io_wqe_acct {
  struct io_wq_work_list work_list;
};

struct io_wqe {
  struct io_wqe_acct acct[2];
};

struct io_wq___nodes {
  struct io_wqe *wqes[1];
};

struct io_worker {
  struct io_wq_work *cur_work;
};

/* 6.1, 7.3 */
struct io_worker___next {
  struct io_wq_work *next_work;
};

struct fdtable {
  unsigned int max_fds;
  struct file **fd;
};

struct files_struct {
  struct fdtable *fdt;
};

struct task_struct___worker {
  unsigned int flags;
  void *worker_private;
  struct files_struct *files;
};

/* What lies in cmd, by opcode */

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

struct io_sr_msg___parked {
  void *buf;
  __u32 len;
  __u32 msg_flags;
  __u16 buf_group;
};

struct io_timeout {
  __u32 off;
  struct list_head list;
  struct io_kiocb *head;
};

struct hrtimer {
  __s64 _softexpires;
};

struct timespec64 {
  __s64 tv_sec;
  long tv_nsec;
};

/* Up to 6.18 */
struct io_timeout_data {
  struct hrtimer timer;
  struct timespec64 ts;
  __u32 flags;
};

/* 7.2 */
struct io_timeout_data___ktime {
  __s64 time;
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
  __s64 off_out;
  __u64 len;
  unsigned int flags;
};

struct io_futex {
  void *uaddr;
  unsigned int futex_nr;
};

struct io_waitid {
  int which;
  int upid;
};

#pragma clang attribute pop

/* include/uapi/linux/io_uring.h: numbers of opcodes never change */
enum {
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

#define IOSQE_FIXED_FILE_BIT 1
#define IOSQE_BUFFER_SELECT_BIT 32
#define POLL_ONE_SHOT (1U << 30) /* EPOLLONESHOT: set unless IORING_POLL_ADD_MULTI */
#define IORING_TIMEOUT_ABS (1U << 0)
#define IORING_TIMEOUT_BOOTTIME (1U << 2)
#define IORING_TIMEOUT_REALTIME (1U << 3)
#define IORING_TIMEOUT_MULTISHOT (1U << 6)
#define PF_IO_WORKER 0x10
