/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Walks over the kernel's lists of requests. Nothing is locked. io_kiocb memory is SLAB_TYPESAFE_BY_RCU: a stale
 * pointer still reads as some io_kiocb. So each request must belong to the ring, each doubly linked node must
 * point back to the previous one, and every walk is bounded.
 */
#pragma once
#include "inventory/report.h"

#define MAX_CHAIN 4096

/* State of the walk under way. Not on the stack, where the verifier would follow each value through every step. */
struct walk {
  __u64 node;
  __u64 end; /* of a circular list: its head */
  __u64 previous;
  __u64 stub;   /* a node that belongs to no request; 0: none */
  __u64 bucket; /* of a hash table: its next list */
  __u64 link;   /* next request of the chain behind the last one; it precedes the next node */
  __u64 behind;
  __u32 buckets; /* not yet walked */
  __u32 bucket_size;
  __u32 link_offset; /* of the node in an io_kiocb */
  __u32 chained;
  __u32 tid;
  __u8 place;
  __u8 is_double; /* doubly linked */
  __u8 is_entry;  /* nodes are io_defer_entry */
  __u8 is_worker; /* `tid` executes the first node */
};
struct walk walk = {};

/* One step of any walk: the next request of a chain, or the next node of the list. */
static long step(__u32 index, void *unused) {
  __u64 req, behind = 0;
  __u32 place = walk.place, tid = 0;
  if (walk.link) {
    req = walk.link;
    behind = walk.behind;
    place = RECORD_PLACE_LINKED;
    walk.link = 0;
    if (++walk.chained > MAX_CHAIN)
      return 0;
  } else {
    __u64 node = walk.node;
    if (!node || node == walk.end) {
      if (!walk.buckets)
        return 1;
      walk.buckets--;
      walk.previous = walk.bucket;
      walk.node = read_pointer(walk.bucket);
      walk.bucket += walk.bucket_size;
      return 0;
    }
    /* the first word of any node leads to the next, the second of a doubly linked one to the previous */
    __u64 links[3] = {};
    if (bpf_probe_read_kernel(links, walk.is_entry ? 24 : 16, (void *)node)) {
      walk.node = 0;
      return 0;
    }
    if (walk.is_double && links[1] != walk.previous) {
      inventory.broken++;
      walk.node = 0;
      return 0;
    }
    walk.previous = node;
    walk.node = links[0];
    if (node == walk.stub)
      return 0;
    req = walk.is_entry ? links[2] : node - walk.link_offset;
    walk.chained = 0;
    if (walk.is_worker) {
      tid = walk.tid;
      walk.is_worker = 0;
      walk.place = RECORD_PLACE_WORK_QUEUED;
    }
  }
  if (report(req, behind, place, tid)) {
    walk.link = (__u64)COPIED(struct io_kiocb, link);
    walk.behind = req;
  } else {
    walk.node = 0;
  }
  return 0;
}

static __always_inline void begin_walk(__u64 ring, __u8 place, __u32 link_offset) {
  only_ring = ring;
  walk.node = 0;
  walk.end = 0;
  walk.previous = 0;
  walk.stub = 0;
  walk.link = 0;
  walk.buckets = 0;
  walk.link_offset = link_offset;
  walk.chained = 0;
  walk.place = place;
  walk.is_double = 0;
  walk.is_entry = 0;
  walk.is_worker = 0;
}

__noinline int run_walk(void) {
  bpf_loop(MAX_STEPS, step, NULL, 0);
  return 0;
}

/* A struct list_head, which is circular. */
static __always_inline void walk_list(__u64 ring, __u64 head, __u8 place, __u32 link_offset) {
  begin_walk(ring, place, link_offset);
  walk.node = read_pointer(head);
  walk.end = head;
  walk.previous = head;
  walk.is_double = 1;
  run_walk();
}

/* A struct hlist_head. */
static __always_inline void walk_hlist(__u64 ring, __u64 head, __u8 place, __u32 link_offset) {
  begin_walk(ring, place, link_offset);
  walk.node = read_pointer(head);
  walk.previous = head;
  walk.is_double = 1;
  run_walk();
}

/* A singly linked list: io_wq_work_list, llist_head. */
static __always_inline void walk_single(__u64 ring, __u64 first, __u8 place, __u32 link_offset) {
  if (!first)
    return;
  begin_walk(ring, place, link_offset);
  walk.node = first;
  run_walk();
}

/* A struct io_hash_table. */
static __always_inline void walk_table(__u64 ring, __u64 table, __u32 link_offset) {
  struct io_hash_table *hash = (void *)table;
  __u32 bits = BPF_CORE_READ(hash, hash_bits);
  if (bits > 16)
    return;
  begin_walk(ring, RECORD_PLACE_POLL, link_offset);
  /* up to 6.12 each bucket has a lock before its list */
  walk.bucket = (__u64)BPF_CORE_READ(hash, hbs) + bpf_core_field_offset(struct io_hash_bucket, list);
  walk.bucket_size = bpf_core_type_size(struct io_hash_bucket);
  walk.buckets = 1U << bits;
  walk.is_double = 1;
  run_walk();
}
