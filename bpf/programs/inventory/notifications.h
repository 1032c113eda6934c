/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Notifications of zero-copy sends. They are on no list of their ring, but can be reached through the sending sockets:
 * each unacknowledged TCP packet points to the notification for its memory. As in walk.h, nothing is locked, and a
 * request must belong to a wanted ring (in `targets`).
 */
#pragma once
#include "inventory/report.h"

#define MAX_PACKETS (1 << 13) /* packets walked of each queue of a socket */
#define MAX_NOTIFICATIONS 256 /* notifications walked of one packet */

/* State of the walk over a queue of packets. */
struct {
  __u64 node;
  __u64 end;
  __u64 previous;
  __u64 last;         /* last ubuf_info visited: adjacent packets can share one */
  __u64 notification; /* next notification of the current packet */
  __u32 link_offset;  /* offset of the node in a packet */
} packets = {};

static long notification_step(__u32 index, void *unused) {
  __u64 notification = packets.notification;
  if (!notification || !report(notification, 0, RECORD_PLACE_NETWORK, 0))
    return 1;
  packets.notification = 0;
  if (bpf_core_field_exists(struct io_notif_data___chain, next))
    packets.notification =
        read_pointer(notification + bpf_core_field_offset(struct io_notif_data___chain, next));
  return 0;
}

static long packet_step(__u32 index, void *unused) {
  __u64 node = packets.node, links[2] = {};
  if (!node || node == packets.end)
    return 1;
  /* the list of a busy socket can change during the walk; the walk then ends */
  if (bpf_probe_read_kernel(links, sizeof(links), (void *)node) || links[1] != packets.previous)
    return 1;
  packets.previous = node;
  packets.node = links[0];
  struct sk_buff *packet = (void *)(node - packets.link_offset);
  struct skb_shared_info *shared = (void *)BPF_CORE_READ(packet, head) + BPF_CORE_READ(packet, end);
  __u64 memory = (__u64)BPF_CORE_READ(shared, destructor_arg);
  if (!(BPF_CORE_READ(shared, flags) & SKBFL_ZEROCOPY_ENABLE) || !memory || memory & 1 ||
      memory == packets.last)
    return 0;
  packets.last = memory;
  packets.notification = memory - bpf_core_field_offset(struct io_notif_data, uarg);
  bpf_loop(MAX_NOTIFICATIONS, notification_step, NULL, 0);
  return 0;
}

static __always_inline void walk_packets(__u64 head, __u32 link_offset) {
  packets.node = read_pointer(head);
  packets.end = head;
  packets.previous = head;
  packets.link_offset = link_offset;
  bpf_loop(MAX_PACKETS, packet_step, NULL, 0);
}

static __always_inline bool is_socket(struct file *file) {
  return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK;
}

/* Walks the notifications that a socket's packets point to. `fd` is -1 if the socket has no descriptor. */
__noinline int walk_sender(__u64 address, __u32 tgid, __s32 fd) {
  struct socket *socket = BPF_CORE_READ((struct file *)address, private_data);
  struct sock *sock = BPF_CORE_READ(socket, sk);
  if (!is_tcp(sock))
    return 0;
  sender.file = address;
  sender.tgid = tgid;
  sender.fd = fd;
  packets.last = 0;
  only_ring = 0;
  walk_packets(
      address_of(sock, struct tcp_sock, tsorted_sent_queue),
      bpf_core_field_offset(struct sk_buff, tcp_tsorted_anchor));
  walk_packets(
      address_of(sock, struct sock, sk_write_queue) + bpf_core_field_offset(struct sk_buff_head, next),
      bpf_core_field_offset(struct sk_buff, next));
  return 0;
}
