/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Walks over the kernel's lists of requests. Nothing is locked. io_kiocb memory is SLAB_TYPESAFE_BY_RCU: a stale
 * pointer still points to some io_kiocb. So each request must belong to the ring, each doubly linked node must point
 * back to the previous node, and every walk is bounded. If a list changes during the walk, the walk resumes behind the
 * previous node or at the head. User space ignores a request that is reported twice.
 */
#pragma once
#include "inventory/report.h"

#define MAX_CHAIN 4096
#define MAX_RESUMED 64 /* times that one walk may resume */
#define MAX_FOREIGN (1 << 14)

/*
 * State of the current walk. It is not on the stack, because the verifier would follow each value there through every
 * step.
 */
struct walk {
  __u64 node;
  __u64 head; /* address of the pointer to the first node; 0: the walk starts at `node` */
  __u64 tail; /* address of the pointer to the last node; 0: the list has none */
  __u64 end;  /* circular list: address of its head, where the walk ends; else 0 */
  __u64 previous;
  __u64 before; /* the node before `previous`; 0: `previous` is the head */
  __u64 stub;   /* a node that belongs to no request; 0: none */
  __u64 bucket; /* hash table: address of the next bucket's list */
  __u64 link;   /* next request linked to the last request; visited before the next node */
  __u64 behind;
  __u32 buckets; /* buckets not yet walked */
  __u32 bucket_size;
  __u32 link_offset; /* offset of the node in an io_kiocb */
  __u32 chained;
  __u32 resumed;
  __u32 foreign; /* requests of other rings of the same task */
  __u32 tid;
  __u8 place;
  __u8 is_double; /* doubly linked */
  __u8 is_entry;  /* nodes are io_defer_entry */
  __u8 is_worker; /* worker `tid` executes the request of the first node */
};
struct walk walk = {};

/*
 * Resumes the walk after its list has changed: a node was removed or inserted. Continues behind the previous node if
 * that node is still in its position, else at the head, because a removed node can already be on another list.
 */
static __always_inline void resume(void) {
  __u64 links[2] = {};
  walk.node = 0;
  if (!walk.head)
    return;
  if (walk.resumed++ >= MAX_RESUMED) {
    inventory.broken++;
    return;
  }
  if (walk.is_double && walk.before && !bpf_probe_read_kernel(links, sizeof(links), (void *)walk.previous) &&
      links[1] == walk.before) {
    walk.node = links[0];
    return;
  }
  walk.node = read_pointer(walk.head);
  walk.previous = walk.head;
  walk.before = 0;
}

/* True at the end of a list. Resumes if the last node reached is not the last node of the list. */
static __always_inline bool is_at_end(void) {
  if (walk.node)
    return walk.node == walk.end;
  if (!walk.tail || walk.previous == walk.head)
    return true;
  if (read_pointer(walk.tail) == walk.previous)
    return true;
  resume();
  return !walk.node;
}

/* One step of any walk: visits the next request of a chain, or the next node of the list. */
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
    if (is_at_end()) {
      if (!walk.buckets)
        return 1;
      walk.buckets--;
      walk.head = walk.bucket;
      walk.previous = walk.bucket;
      walk.before = 0;
      walk.node = read_pointer(walk.bucket);
      walk.bucket += walk.bucket_size;
      return 0;
    }
    __u64 node = walk.node;
    /* first word of a node: the next node; second word, if doubly linked: the previous node */
    __u64 links[3] = {};
    if (bpf_probe_read_kernel(links, walk.is_entry ? 24 : 16, (void *)node) ||
        (walk.is_double && links[1] != walk.previous)) {
      resume();
      return 0;
    }
    walk.before = walk.previous;
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
  } else if (place == RECORD_PLACE_LINKED) {
    return 0; /* the chain has ended, the list has not */
  } else if (only_ring) {
    walk.before = 0;
    resume();
  } else if (++walk.foreign > MAX_FOREIGN) {
    walk.node = 0;
  }
  return 0;
}

static __always_inline void begin_walk(__u64 ring, __u8 place, __u32 link_offset) {
  only_ring = ring;
  walk.node = 0;
  walk.head = 0;
  walk.tail = 0;
  walk.end = 0;
  walk.previous = 0;
  walk.before = 0;
  walk.stub = 0;
  walk.link = 0;
  walk.buckets = 0;
  walk.link_offset = link_offset;
  walk.chained = 0;
  walk.resumed = 0;
  walk.foreign = 0;
  walk.place = place;
  walk.is_double = 0;
  walk.is_entry = 0;
  walk.is_worker = 0;
}

__noinline int run_walk(void) {
  if (bpf_loop(MAX_STEPS, step, NULL, 0) == MAX_STEPS)
    inventory.broken++;
  return 0;
}

/* Walks the list whose first node `head` points to. */
static __always_inline void run_walk_from(__u64 head) {
  walk.head = head;
  walk.node = read_pointer(head);
  walk.previous = head;
  run_walk();
}

/* Walks a struct list_head, which is circular. */
static __always_inline void walk_list(__u64 ring, __u64 head, __u8 place, __u32 link_offset) {
  begin_walk(ring, place, link_offset);
  walk.end = head;
  walk.is_double = 1;
  run_walk_from(head);
}

/* Walks a struct hlist_head. */
static __always_inline void walk_hlist(__u64 ring, __u64 head, __u8 place, __u32 link_offset) {
  begin_walk(ring, place, link_offset);
  walk.is_double = 1;
  run_walk_from(head);
}

/* Walks a singly linked list, such as a struct llist_head, whose first node `head` points to. */
static __always_inline void walk_single(__u64 ring, __u64 head, __u8 place, __u32 link_offset) {
  begin_walk(ring, place, link_offset);
  run_walk_from(head);
}

/* Walks a struct io_wq_work_list. */
static __always_inline void walk_work_list(__u64 ring, __u64 list, __u8 place, __u32 link_offset) {
  begin_walk(ring, place, link_offset);
  walk.tail = list + bpf_core_field_offset(struct io_wq_work_list, last);
  run_walk_from(list + bpf_core_field_offset(struct io_wq_work_list, first));
}

/* Walks a struct io_hash_table. */
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
