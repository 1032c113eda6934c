/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel's types, reduced to the fields that are read. CO-RE finds them in the running kernel, also
 * inside its anonymous structs and unions. A suffix ___name is a flavour: the same type on kernels that
 * have its fields elsewhere.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "record.h"

/* Tracepoints and callbacks dictate parameters that not every program reads. */
#pragma clang diagnostic ignored "-Wunused-parameter"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Tasks and pids */

struct ns_common {
  unsigned int inum;
};

struct pid_namespace {
  struct ns_common ns;
};

struct upid {
  int nr;
  struct pid_namespace *ns;
};

struct pid {
  unsigned int level;
  struct upid numbers[1];
};

struct io_uring_task;
struct mm_struct;

struct task_struct {
  int pid;
  int tgid;
  struct pid *thread_pid;
  struct task_struct *group_leader;
  struct task_struct *real_parent;
  struct mm_struct *mm;
  struct io_uring_task *io_uring;
  char comm[RECORD_COMM_LEN];
};

/* Files */

struct file_operations;

struct file {
  const struct file_operations *f_op;
  void *private_data;
};

/* io_uring */

struct io_wq_work_node {
  struct io_wq_work_node *next;
};

struct io_wq_work_list {
  struct io_wq_work_node *first;
};

struct list_head {
  struct list_head *next, *prev;
};

struct wait_queue_head {
  struct list_head head;
};

struct wait_queue_entry {
  void *private;
  struct list_head entry;
};

typedef struct {
  int counter;
} atomic_t;

struct io_submit_state {
  struct io_wq_work_node free_list;
  struct io_wq_work_list compl_reqs;
};

/* Registered buffers */

struct refcount_struct {
  struct {
    int counter;
  } refs;
};

struct io_mapped_ubuf {
  __u64 ubuf;
  __u64 len; /* 32 bits up to 7.1 */
  unsigned int nr_bvecs;
  struct refcount_struct refs;
  void *release; /* with priv and dir: 6.15 and later */
  void *priv;
  __u8 dir;
};

/* 6.1 */
struct io_mapped_ubuf___end {
  __u64 ubuf_end;
};

/* From 6.15 to 7.1; a flag later. */
struct io_mapped_ubuf___kbuf {
  bool is_kbuf;
};

struct io_mapped_ubuf___flags {
  __u8 flags;
};
#define IO_REGBUF_F_KBUF 1

struct io_rsrc_node {
  __u8 type;
  int refs;
  __u64 tag;
  struct io_mapped_ubuf *buf;
};
#define IORING_RSRC_BUFFER 1

struct io_rsrc_data {
  unsigned int nr;
  struct io_rsrc_node **nodes;
};

/* Up to 6.12 */
struct io_rsrc_data___tags {
  __u64 **tags;
};

struct io_file_table {
  struct io_rsrc_data data;
};

struct io_uring_sqe;

struct io_sq_data {
  struct task_struct *thread;
};

struct io_rings;

struct io_ring_ctx {
  unsigned int flags;
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
  struct io_submit_state submit_state;
  struct io_file_table file_table;
  struct io_rsrc_data buf_table;
};

/* 6.2 and later: with DEFER_TASKRUN nobody is in cq_wait, but this is a number of CQEs */
struct io_ring_ctx___wait_by_count {
  atomic_t cq_wait_nr;
};

/* A task in io_uring_enter, in cq_wait */
struct io_wait_queue {
  struct wait_queue_entry wq;
  struct io_ring_ctx *ctx;
  unsigned int cq_tail;
};

/* Up to 6.12 */
struct io_ring_ctx___tables_by_count {
  unsigned int nr_user_files;
  unsigned int nr_user_bufs;
  struct io_mapped_ubuf **user_bufs;
  struct io_rsrc_data___tags *buf_data;
};

/* 6.1 */
struct io_ring_ctx___locked_free_list {
  struct io_wq_work_list locked_free_list;
};

struct io_cqe {
  __u64 user_data;
  __s32 res;
};

struct io_cmd_data {
  struct file *file;
};

struct io_uring_kernel_buf;

struct io_kiocb {
  struct io_cmd_data cmd;
  struct file *file;
  __u8 opcode;
  __u16 buf_index;
  __u64 flags; /* 32 bits on 6.1: CO-RE adjusts direct loads */
  struct io_cqe cqe;
  struct io_ring_ctx *ctx;
  struct io_wq_work_node comp_list;
  struct io_rsrc_node *buf_node; /* 6.15 and later */
};

/* Up to 6.12 */
struct io_kiocb___imu {
  struct io_mapped_ubuf *imu;
};

struct io_sr_msg {
  struct io_kiocb *notif;
  unsigned int flags;
};

struct io_uring_cmd {
  unsigned int cmd_op;
  unsigned int flags;
  __u8 pdu[32];
};

/* SQE groups: a patch series */
struct io_kiocb___group {
  struct io_kiocb *grp_leader;
  struct io_uring_kernel_buf *grp_kbuf;
};

struct io_uring_kernel_buf {
  __u64 len;
  unsigned short nr_bvecs;
  __u8 dir;
  unsigned int offset;
  void *grp_kbuf_ack;
};

struct io_sq_group {
  struct io_kiocb *head;
};

struct io_submit_state___group {
  struct io_sq_group group;
};

/* Local buffers: a proposal */
struct io_submit_state___local {
  struct io_rsrc_node *rsrc_node;
};

/* Block requests */

struct gendisk {
  char disk_name[32];
};

struct request_queue {
  struct gendisk *disk;
};

struct blk_mq_hw_ctx {
  unsigned int queue_num;
};

struct request {
  struct request_queue *q;
  struct blk_mq_hw_ctx *mq_hctx;
  unsigned int cmd_flags;
  int tag;
  unsigned int __data_len;
  __u64 __sector;
};

/* The registers with which a system call was entered. */
struct pt_regs {
#if defined(__TARGET_ARCH_x86)
  unsigned long dx;
  unsigned long r10;
#else
  __u64 regs[31];
#endif
};

struct io_uring_task {
  struct file *registered_rings[16];
};

/* Starts with a 32-bit number: the way to load one from the SQ array without a helper call. */
struct io_uring {
  __u32 head;
  __u32 tail;
};

struct io_rings {
  struct io_uring sq, cq;
  atomic_t sq_flags;
};

struct io_uring_sqe {
  __u8 opcode;
  __u8 flags;
  __u16 ioprio;
  __s32 fd;
  __u64 off;
  __u64 addr;
  __u32 len;
  __u32 rw_flags; /* and every other member of that union */
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

/* 7.2 and later, the last a proposal; the numbers are those of the running kernel's BTF. */
enum io_uring_op {
  IORING_OP_NOP128 = 1,
  IORING_OP_URING_CMD128 = 2,
  IORING_OP_LOCAL_BUF = 3,
};

/* Iterators */

struct seq_file;

struct bpf_iter_meta {
  struct seq_file *seq;
};

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};

struct bpf_iter__task_file {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
  __u32 fd;
  struct file *file;
};

#pragma clang attribute pop

/* A pointer of a type that the verifier then lets through to direct loads. From 6.2. */
extern void *bpf_rdonly_cast(void *pointer, __u32 btf_id) __ksym __weak;
#define rdonly_cast(pointer, type) \
  ((type *)bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(type)))

/* include/uapi/linux/io_uring.h */
#define IORING_SQ_NEED_WAKEUP 1
#define IORING_SETUP_SQPOLL (1U << 1)
#define IORING_SETUP_SQE128 (1U << 10)
#define IORING_SETUP_CQE32 (1U << 11)
#define IORING_SETUP_REGISTERED_FD_ONLY (1U << 15)
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#define IORING_SETUP_CQE_MIXED (1U << 18)
#define IORING_SETUP_SQE_MIXED (1U << 19)
#define IORING_CQE_F_MORE (1U << 1)
#define IORING_SETUP_SQ_REWIND (1U << 20)
#define IORING_CQE_F_NOTIF (1U << 3)
#define IORING_CQE_F_SKIP (1U << 5)
#define IORING_CQE_F_32 (1U << 15)
#define IORING_OP_READ_FIXED 4
#define IORING_OP_WRITE_FIXED 5
#define IORING_OP_URING_CMD 46
#define IORING_OP_SEND_ZC 47
#define IORING_OP_SENDMSG_ZC 48
#define IORING_URING_CMD_FIXED 1
#define IORING_RECVSEND_FIXED_BUF 4
#define IORING_REGISTER_BUFFERS 0
#define IORING_UNREGISTER_BUFFERS 1
#define IORING_REGISTER_BUFFERS2 15
#define IORING_REGISTER_BUFFERS_UPDATE 16
#define IORING_REGISTER_PBUF_RING 22
#define IORING_UNREGISTER_PBUF_RING 23
#define IORING_REGISTER_CLONE_BUFFERS 30
