/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The packets that a TCP socket has sent. They point to the notifications of io_uring's zero-copy sends. */
#pragma once
#include "kernel/files.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct tcp_sock {
  struct list_head tsorted_sent_queue; /* packets sent and not acknowledged */
  __u32 write_seq;                     /* end of the data that the application has sent */
  __u32 snd_una;                       /* the peer has acknowledged all data before this sequence number */
  __u32 snd_wnd;
  __u32 rcv_nxt;
  __u32 copied_seq; /* end of the data that the application has read */
};

struct sk_buff {
  struct sk_buff *next;
  struct list_head tcp_tsorted_anchor;
  unsigned int end; /* offset of the skb_shared_info from head */
  unsigned char *head;
};

struct skb_shared_info {
  __u8 flags;
  void *destructor_arg; /* with SKBFL_ZEROCOPY_ENABLE: the ubuf_info */
};

struct ubuf_info {
  struct refcount_struct refcnt;
};

/* The first bytes of a notification's io_kiocb. */
struct io_notif_data {
  struct ubuf_info uarg;
};

#pragma clang attribute pop

#define SKBFL_ZEROCOPY_ENABLE 1
#define SOCK_STREAM 1
#define IPPROTO_TCP 6

static __always_inline bool is_tcp(struct sock *sock) {
  __u32 family = BPF_CORE_READ(sock, __sk_common.skc_family);
  return (family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sock, sk_type) == SOCK_STREAM &&
         BPF_CORE_READ(sock, sk_protocol) == IPPROTO_TCP;
}
