/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Files that tasks wait on: pipes, sockets and eventfds. */
#pragma once
#include "kernel/disks.h"
#include "kernel/rings.h"
#include "kernel/tasks.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pipe_inode_info {
  unsigned int head;
  unsigned int tail;
  unsigned int max_usage;
  unsigned int readers;
  unsigned int writers;
};

struct inode___pipe {
  struct pipe_inode_info *i_pipe;
};

struct kref {
  struct refcount_struct refcount;
};

/*
 * Each user in the kernel holds a reference, counted in kref: a ring or KVM that signals the eventfd, and the file
 * itself.
 */
struct eventfd_ctx {
  struct kref kref;
  __u64 count;
};

struct net {
  struct ns_common ns;
};

typedef struct {
  struct net *net;
} possible_net_t;

struct in6_addr {
  struct {
    __u32 u6_addr32[4];
  } in6_u;
};

struct sock_common {
  __u32 skc_daddr;
  __u32 skc_rcv_saddr;
  __u16 skc_dport; /* big endian */
  __u16 skc_num;
  unsigned short skc_family;
  volatile unsigned char skc_state;
  possible_net_t skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
};

struct socket;

struct sk_buff;

struct sk_buff_head {
  struct sk_buff *next;
  __u32 qlen;
};

struct sock {
  struct sock_common __sk_common;
  struct sk_buff_head sk_receive_queue;
  struct sk_buff_head sk_write_queue;
  int sk_wmem_queued;
  __u16 sk_type;
  __u16 sk_protocol;
  struct socket *sk_socket;
};

struct socket {
  struct file *file;
  struct sock *sk;
};

struct unix_sock {
  struct sock *peer;
};

#pragma clang attribute pop

#define S_IFIFO 0010000
#define S_IFSOCK 0140000
#define PIPEFS_MAGIC 0x50495045
#define ANON_INODE_FS_MAGIC 0x09041934
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
