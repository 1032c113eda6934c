// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What is in flight now, read from the rings' own structures: requests that were submitted before anybody
 * looked. Run by user space at its start and when asked.
 *
 * Nothing is locked. io_kiocb memory is SLAB_TYPESAFE_BY_RCU: a stale pointer still reads as some io_kiocb,
 * so each is checked to belong to the ring, each doubly linked one to point back to where the walk came
 * from, and every walk is bounded.
 */
#include "config.h"
#include "last_run.h"
#include "pids.h"
#include "probe.h"
#include "registered_rings.h"
#include "requests.h"
#include "ublk_types.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MAX_STEPS (1 << 17)
#define MAX_CHAIN 4096
#define MAX_LISTED 64 /* unread CQEs, overflowed ones and unsubmitted SQEs shown of a ring */
#define MAX_PROCESSORS 1024
#define MAX_NODES 8
#define COPY_SIZE 256 /* more than an io_kiocb: 248 bytes on 7.3 */

struct probe_inventory inventory = {};

/* The rings to be walked, and in which run each was walked last: a ring can have many descriptors. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1 << 14);
  __type(key, __u64);
  __type(value, __u32);
} targets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct probe_slot);
} slots SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, PROBE_MAX_STACKS);
  __type(key, __u32);
  __type(value, struct probe_stack);
} stacks SEC(".maps");

/*
 * Where a walk is. One runs at a time, and what it knows is not on the stack: there the verifier would
 * follow each of its values through every step.
 */
struct walk {
  __u64 ring; /* 0: of any ring that is a target */
  __u64 node;
  __u64 end; /* where a circular list began */
  __u64 previous;
  __u64 stub;   /* a node that is no request's, 0 if there is none */
  __u64 bucket; /* of a hash table: the next list */
  __u64 link;   /* the next of the chain behind the last request, before the list goes on */
  __u64 behind;
  __u32 buckets; /* that remain */
  __u32 bucket_size;
  __u32 link_offset; /* of the node in an io_kiocb */
  __u32 chained;
  __u32 tid;
  __u8 place;
  __u8 is_double; /* nodes point back */
  __u8 is_entry;  /* nodes are io_defer_entry */
  __u8 is_worker; /* the first node is being executed by `tid` */
};
struct walk walk = {};

/* Of the request that is being looked at; aligned for its pointers. */
__u64 copy_words[COPY_SIZE / 8] = {};

/* The descriptors of the task whose request was looked at last. */
__u64 files_task = 0;
__u32 files_pass = 0;
__u64 files_table = 0;
__u32 files_count = 0;
__u32 files_tgid = 0;
__u32 files_tid = 0;
__u64 files_ran_ns = 0; /* when it ran last, 0 if not known */

/* A field of the copy. Offsets are constants that the loader fills in. */
#define COPIED(type, field) \
  (*(typeof(((type *)0)->field) *)((char *)copy_words + bpf_core_field_offset(type, field)))

#define address_of(ring, type, field) \
  ((__u64)(ring) + bpf_core_field_offset(type, field))

static __always_inline __u64 read_pointer(__u64 address) {
  __u64 value = 0;
  bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
  return value;
}

static __always_inline void *next_slot(void) {
  __u32 index = inventory.used++;
  return bpf_map_lookup_elem(&slots, &index);
}

static __always_inline void fill_header(
    struct record *base, enum record_kind kind, __u16 size, __u64 ring, __u64 req) {
  base->time_ns = inventory.start_ns;
  base->ctx = ring;
  base->req = req;
  base->tid = 0;
  base->size = size;
  base->kind = kind;
  base->opcode = RECORD_OPCODE_NONE;
}

/* Requests */

static __always_inline struct task_struct *owner_of_copy(void) {
  if (bpf_core_field_exists(struct io_kiocb___task, task))
    return COPIED(struct io_kiocb___task, task);
  struct io_uring_task___task *tctx = (void *)COPIED(struct io_kiocb___tctx, tctx);
  return BPF_CORE_READ(tctx, task);
}

/* Requests of one task come in runs: its table is looked up once. */
static __always_inline void take_owner(struct task_struct *task) {
  if (files_task == (__u64)task && files_pass == inventory.pass)
    return;
  files_task = (__u64)task;
  files_pass = inventory.pass;
  files_tgid = tgid_of(task);
  files_tid = tid_of(task);
  files_ran_ns = ran_until(task);
  struct task_struct___worker *owner = (void *)task;
  struct fdtable *table = BPF_CORE_READ(owner, files, fdt);
  files_table = (__u64)BPF_CORE_READ(table, fd);
  files_count = BPF_CORE_READ(table, max_fds);
}

/* Of timeouts the kernel keeps when they fire and how long they were to last: so also their start. */
static __always_inline void describe_timeout(struct record_parked *parked) {
  parked->off = COPIED(struct io_timeout, off);
  parked->known |= RECORD_KNOWS_OFF;
  struct io_timeout_data *data = COPIED(struct io_kiocb___parked, async_data);
  if (!data)
    return;
  __s64 length = 0;
  if (bpf_core_field_exists(struct io_timeout_data___ktime, time)) {
    struct io_timeout_data___ktime *newer = (void *)data;
    length = BPF_CORE_READ(newer, time);
  } else {
    length = BPF_CORE_READ(data, ts.tv_sec) * 1000000000 + BPF_CORE_READ(data, ts.tv_nsec);
  }
  parked->op_flags = BPF_CORE_READ(data, flags);
  parked->known |= RECORD_KNOWS_FLAGS;
  if (parked->op_flags & IORING_TIMEOUT_MULTISHOT)
    parked->known |= RECORD_KNOWS_MULTISHOT;
  if (parked->op_flags & (IORING_TIMEOUT_ABS | IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME))
    return;
  if (parked->place != RECORD_PLACE_TIMEOUT && parked->place != RECORD_PLACE_LINK_TIMEOUT)
    return; /* not started */
  parked->expires_ns = BPF_CORE_READ(data, timer._softexpires);
  if (!(parked->op_flags & IORING_TIMEOUT_MULTISHOT)) {
    parked->since_ns = parked->expires_ns - length;
    parked->known |= RECORD_KNOWS_START;
  }
}

static __always_inline void describe_transfer(struct record_parked *parked) {
  parked->off = COPIED(struct io_rw, kiocb.ki_pos);
  parked->addr = COPIED(struct io_rw, addr);
  parked->len = COPIED(struct io_rw, len);
  parked->op_flags = COPIED(struct io_rw, flags);
  parked->known |= RECORD_KNOWS_OFF | RECORD_KNOWS_ADDR | RECORD_KNOWS_LEN | RECORD_KNOWS_FLAGS;
  if (!(parked->flags & IOSQE_BUFFER_SELECT_BIT))
    parked->known |= RECORD_KNOWS_BUFFER;
}

static __always_inline void describe_message(struct record_parked *parked) {
  parked->addr = (__u64)COPIED(struct io_sr_msg___parked, buf);
  parked->len = COPIED(struct io_sr_msg___parked, len);
  parked->op_flags = COPIED(struct io_sr_msg___parked, msg_flags);
  parked->known |= RECORD_KNOWS_ADDR | RECORD_KNOWS_LEN | RECORD_KNOWS_FLAGS;
  if (parked->flags & IOSQE_BUFFER_SELECT_BIT) {
    parked->buf_index = COPIED(struct io_sr_msg___parked, buf_group);
    parked->known |= RECORD_KNOWS_BUFFER;
  }
}

/* The queue and tag that a ublk command waits for, as in record_parked. */
static __always_inline __u32 ublk_slot(void) {
  if (!bpf_core_type_exists(struct ublk_uring_cmd_pdu___waiting))
    return 0;
  char *pdu = (char *)copy_words + bpf_core_field_offset(struct io_uring_cmd, pdu);
  struct ublk_queue *queue = *(struct ublk_queue **)(pdu +
      bpf_core_field_offset(struct ublk_uring_cmd_pdu___waiting, ubq));
  __u16 tag = *(__u16 *)(pdu + bpf_core_field_offset(struct ublk_uring_cmd_pdu___waiting, tag));
  return queue ? 1U << 31 | (BPF_CORE_READ(queue, q_id) & 0x7fff) << 16 | tag : 0;
}

/* What the kernel's structure still has of the SQE. */
static __always_inline void describe(struct record_parked *parked) {
  switch (parked->base.opcode) {
    case OP_READV:
    case OP_WRITEV:
    case OP_READ_FIXED:
    case OP_WRITE_FIXED:
    case OP_READ:
    case OP_WRITE:
    case OP_READ_MULTISHOT:
    case OP_READV_FIXED:
    case OP_WRITEV_FIXED:
      describe_transfer(parked);
      if (parked->base.opcode == OP_READ_MULTISHOT)
        parked->known |= RECORD_KNOWS_MULTISHOT;
      break;
    case OP_SENDMSG:
    case OP_RECVMSG:
    case OP_SEND:
    case OP_RECV:
    case OP_SEND_ZC:
    case OP_SENDMSG_ZC:
      describe_message(parked);
      break;
    case OP_POLL_ADD:
      parked->poll_events = COPIED(struct io_poll, events);
      parked->op_flags = parked->poll_events & 0xffff;
      parked->known |= RECORD_KNOWS_FLAGS;
      if (!(parked->poll_events & POLL_ONE_SHOT))
        parked->known |= RECORD_KNOWS_MULTISHOT;
      break;
    case OP_TIMEOUT:
    case OP_LINK_TIMEOUT:
      describe_timeout(parked);
      if (parked->place == RECORD_PLACE_LINK_TIMEOUT)
        parked->behind = (__u64)COPIED(struct io_timeout, head);
      break;
    case OP_URING_CMD:
      parked->off = COPIED(struct io_uring_cmd, cmd_op);
      parked->known |= RECORD_KNOWS_OFF;
      if (parked->place == RECORD_PLACE_COMMAND && IS_UBLK(parked->off))
        parked->ublk = ublk_slot();
      break;
    case OP_ACCEPT:
      parked->addr = (__u64)COPIED(struct io_accept, addr);
      parked->known |= RECORD_KNOWS_ADDR;
      break;
    case OP_CONNECT:
      parked->addr = (__u64)COPIED(struct io_connect, addr);
      parked->known |= RECORD_KNOWS_ADDR;
      break;
    case OP_FSYNC:
    case OP_SYNC_FILE_RANGE:
      parked->off = COPIED(struct io_sync, off);
      parked->len = COPIED(struct io_sync, len);
      parked->op_flags = COPIED(struct io_sync, flags);
      parked->known |= RECORD_KNOWS_OFF | RECORD_KNOWS_LEN | RECORD_KNOWS_FLAGS;
      break;
    case OP_FALLOCATE: /* its length is in addr */
      parked->off = COPIED(struct io_sync, off);
      parked->addr = COPIED(struct io_sync, len);
      parked->known |= RECORD_KNOWS_OFF | RECORD_KNOWS_ADDR;
      break;
    case OP_SPLICE:
    case OP_TEE:
      parked->off = COPIED(struct io_splice, off_out);
      parked->len = COPIED(struct io_splice, len);
      parked->op_flags = COPIED(struct io_splice, flags);
      parked->known |= RECORD_KNOWS_OFF | RECORD_KNOWS_LEN | RECORD_KNOWS_FLAGS;
      break;
    case OP_FUTEX_WAIT:
    case OP_FUTEX_WAKE:
    case OP_FUTEX_WAITV:
      if (bpf_core_type_exists(struct io_futex)) {
        parked->addr = (__u64)COPIED(struct io_futex, uaddr);
        parked->known |= RECORD_KNOWS_ADDR;
        if (parked->base.opcode == OP_FUTEX_WAITV) {
          parked->len = COPIED(struct io_futex, futex_nr);
          parked->known |= RECORD_KNOWS_LEN;
        }
      }
      break;
    case OP_WAITID:
      if (bpf_core_type_exists(struct io_waitid)) {
        parked->len = COPIED(struct io_waitid, which);
        parked->known |= RECORD_KNOWS_LEN;
      }
      break;
  }
}

/* 32 bits on 6.1. The offset is kept out of the load, which the loader would otherwise want to resize. */
static __always_inline __u64 flags_of_copy(void) {
  __u64 offset = bpf_core_field_offset(struct io_kiocb, flags);
  asm volatile("" : "+r"(offset));
  char *flags = (char *)copy_words + offset;
  return bpf_core_field_size(struct io_kiocb, flags) == 4 ? *(__u32 *)flags : *(__u64 *)flags;
}

/*
 * Copies a request and writes its record. False if it is none of the ring's.
 *
 * Like every function here that is not static, the verifier looks at it once and not at each call.
 */
__noinline int report(__u64 req, __u64 behind, __u32 place, __u32 tid) {
  __u32 size = bpf_core_type_size(struct io_kiocb);
  if (size > COPY_SIZE)
    size = COPY_SIZE;
  if (bpf_probe_read_kernel(copy_words, size, (void *)req))
    return 0;
  __u64 ring = (__u64)COPIED(struct io_kiocb, ctx);
  if (walk.ring) {
    if (ring != walk.ring)
      return 0;
  } else if (!bpf_map_lookup_elem(&targets, &ring)) {
    return 0;
  }
  struct record_parked *parked = next_slot();
  if (!parked)
    return 1;
  fill_header(&parked->base, RECORD_PARKED, sizeof(*parked), ring, req);
  parked->base.tid = tid;
  parked->base.opcode = COPIED(struct io_kiocb, opcode);
  parked->since_ns = inventory.start_ns;
  parked->behind = behind;
  parked->flags = flags_of_copy();
  parked->user_data = COPIED(struct io_kiocb___parked, cqe.user_data);
  parked->off = 0;
  parked->addr = 0;
  parked->expires_ns = 0;
  parked->len = 0;
  parked->op_flags = 0;
  parked->poll_events = 0;
  parked->buf_index = COPIED(struct io_kiocb___parked, buf_index);
  parked->place = place;
  parked->known = parked->flags & config.req_f_multishot ? RECORD_KNOWS_MULTISHOT : 0;
  parked->ublk = 0;

  struct task_struct *task = owner_of_copy();
  take_owner(task);
  parked->tgid = files_tgid;
  parked->submitter_tid = files_tid;
  if (files_ran_ns && files_ran_ns < parked->since_ns)
    parked->since_ns = files_ran_ns;
  describe(parked);

  if (place == RECORD_PLACE_POLL && parked->base.opcode != OP_POLL_ADD) {
    struct io_poll *poll = (void *)COPIED(struct io_kiocb___parked, apoll);
    parked->poll_events = BPF_CORE_READ(poll, events);
  }

  /* The descriptor's word is the CQE's flags once there is a result. */
  parked->fd = *(__s32 *)((char *)copy_words + bpf_core_field_offset(struct io_kiocb___parked, cqe) +
                          bpf_core_field_offset(struct io_cqe___fd, fd));
  if (parked->base.opcode == OP_WAITID && bpf_core_type_exists(struct io_waitid))
    parked->fd = COPIED(struct io_waitid, upid); /* as in the SQE, and no file */
  __u64 file = (__u64)COPIED(struct io_kiocb, cmd.file);
  if (place == RECORD_PLACE_LINKED || place == RECORD_PLACE_DEFERRED) {
    parked->known |= RECORD_KNOWS_FD; /* its file is looked up when it is issued */
  } else if (parked->flags & IOSQE_FIXED_FILE_BIT) {
    if (place != RECORD_PLACE_TASK_WORK)
      parked->known |= RECORD_KNOWS_FD;
  } else if (file && (__u32)parked->fd < files_count) {
    if (read_pointer(files_table + (__u64)(__u32)parked->fd * 8) == file)
      parked->known |= RECORD_KNOWS_FD;
  }
  return 1;
}

/* One step of any walk: the next of the chain behind the last request, or the next of the list. */
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
    /* the first word of a node of any kind leads on; the second of a doubly linked one back */
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
    walk.link = (__u64)COPIED(struct io_kiocb___parked, link);
    walk.behind = req;
  } else {
    walk.node = 0;
  }
  return 0;
}

/* Lists */

static __always_inline void begin_walk(__u64 ring, __u8 place, __u32 link_offset) {
  walk.ring = ring;
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

__noinline int go_on(void) {
  bpf_loop(MAX_STEPS, step, NULL, 0);
  return 0;
}

/* A struct list_head: circular. */
static __always_inline void walk_list(__u64 ring, __u64 head, __u8 place, __u32 link_offset) {
  begin_walk(ring, place, link_offset);
  walk.node = read_pointer(head);
  walk.end = head;
  walk.previous = head;
  walk.is_double = 1;
  go_on();
}

/* A struct hlist_head. */
static __always_inline void walk_hlist(__u64 ring, __u64 head, __u8 place, __u32 link_offset) {
  begin_walk(ring, place, link_offset);
  walk.node = read_pointer(head);
  walk.previous = head;
  walk.is_double = 1;
  go_on();
}

/* A list whose nodes lead only on: io_wq_work_list, llist_head. */
static __always_inline void walk_single(__u64 ring, __u64 first, __u8 place, __u32 link_offset) {
  if (!first)
    return;
  begin_walk(ring, place, link_offset);
  walk.node = first;
  go_on();
}

static __always_inline void walk_table(__u64 ring, __u64 table, __u32 link_offset) {
  struct io_hash_table *hash = (void *)table;
  __u32 bits = BPF_CORE_READ(hash, hash_bits);
  if (bits > 16)
    return;
  begin_walk(ring, RECORD_PLACE_POLL, link_offset);
  /* up to 6.12 each has a lock before its list */
  walk.bucket =
      (__u64)BPF_CORE_READ(hash, hbs) + bpf_core_field_offset(struct io_hash_bucket, list);
  walk.bucket_size = bpf_core_type_size(struct io_hash_bucket);
  walk.buckets = 1U << bits;
  walk.is_double = 1;
  go_on();
}

/* Requests of a ring that one of its lists has. */
__noinline int walk_parked(__u64 ring) {
  const __u32 hash_node = bpf_core_field_offset(struct io_kiocb___parked, hash_node);
  const __u32 comp_list = bpf_core_field_offset(struct io_kiocb, comp_list);
  const __u32 timeout = bpf_core_field_offset(struct io_timeout, list);
  const __u32 work = bpf_core_field_offset(struct io_kiocb___parked, io_task_work.node);

  walk_table(ring, address_of(ring, struct io_ring_ctx___lists, cancel_table), hash_node);
  if (bpf_core_field_exists(struct io_ring_ctx___cancel_table_locked, cancel_table_locked))
    walk_table(
        ring, address_of(ring, struct io_ring_ctx___cancel_table_locked, cancel_table_locked),
        hash_node);
  walk_list(
      ring, address_of(ring, struct io_ring_ctx___lists, timeout_list), RECORD_PLACE_TIMEOUT,
      timeout);
  walk_list(
      ring, address_of(ring, struct io_ring_ctx___lists, ltimeout_list),
      RECORD_PLACE_LINK_TIMEOUT, timeout);
  if (bpf_core_field_exists(struct io_ring_ctx___cancelable, cancelable_uring_cmd))
    walk_hlist(
        ring, address_of(ring, struct io_ring_ctx___cancelable, cancelable_uring_cmd),
        RECORD_PLACE_COMMAND, hash_node);
  if (bpf_core_field_exists(struct io_ring_ctx___waitid, waitid_list))
    walk_hlist(
        ring, address_of(ring, struct io_ring_ctx___waitid, waitid_list), RECORD_PLACE_WAITID,
        hash_node);
  if (bpf_core_field_exists(struct io_ring_ctx___futex, futex_list))
    walk_hlist(
        ring, address_of(ring, struct io_ring_ctx___futex, futex_list), RECORD_PLACE_FUTEX,
        hash_node);
  if (bpf_core_field_exists(struct io_kiocb___iopoll_node, iopoll_node))
    walk_list(
        ring, address_of(ring, struct io_ring_ctx___iopoll_double, iopoll_list),
        RECORD_PLACE_IOPOLL, bpf_core_field_offset(struct io_kiocb___iopoll_node, iopoll_node));
  else
    walk_single(
        ring, read_pointer(address_of(ring, struct io_ring_ctx___iopoll_single, iopoll_list)),
        RECORD_PLACE_IOPOLL, comp_list);

  /* nodes of their own, not the requests' */
  begin_walk(ring, RECORD_PLACE_DEFERRED, 0);
  walk.end = address_of(ring, struct io_ring_ctx___lists, defer_list);
  walk.node = read_pointer(walk.end);
  walk.previous = walk.end;
  walk.is_double = 1;
  walk.is_entry = 1;
  go_on();

  if (bpf_core_field_exists(struct io_ring_ctx___work_mpscq, work_head)) {
    begin_walk(ring, RECORD_PLACE_TASK_WORK, work);
    walk.node = read_pointer(address_of(ring, struct io_ring_ctx___work_mpscq, work_head));
    walk.stub = address_of(ring, struct io_ring_ctx___work_mpscq, work_list.stub);
    go_on();
  } else {
    walk_single(
        ring, read_pointer(address_of(ring, struct io_ring_ctx___work_llist, work_llist)),
        RECORD_PLACE_TASK_WORK, work);
  }
  if (bpf_core_field_exists(struct io_ring_ctx___retry_llist, retry_llist))
    walk_single(
        ring, read_pointer(address_of(ring, struct io_ring_ctx___retry_llist, retry_llist)),
        RECORD_PLACE_TASK_WORK, work);
  return 0;
}

/* Queues of a ring */

static __u32 queue_position = 0;
__u64 queue_node = 0;

/* SQEs from the kernel's head on. */
static long unsubmitted_step(__u32 index, void *unused) {
  struct io_ring_ctx *ring = (void *)walk.ring;
  __u32 flags = BPF_CORE_READ(ring, flags);
  __u32 entry = (queue_position + index) & (BPF_CORE_READ(ring, sq_entries) - 1);
  if (!(flags & IORING_SETUP_NO_SQARRAY)) {
    __u32 *array = BPF_CORE_READ(ring, sq_array);
    bpf_probe_read_kernel(&entry, sizeof(entry), array + entry);
    if (entry >= BPF_CORE_READ(ring, sq_entries))
      return 0;
  }
  struct record_unsubmitted *record = next_slot();
  if (!record)
    return 0;
  fill_header(&record->base, RECORD_UNSUBMITTED, sizeof(*record), walk.ring, 0);
  __u64 size = flags & IORING_SETUP_SQE128 ? 128 : 64;
  void *sqes = BPF_CORE_READ(ring, sq_sqes);
  bpf_probe_read_kernel(&record->sqe, sizeof(record->sqe), sqes + entry * size);
  record->base.opcode = record->sqe.opcode;
  return 0;
}

static __always_inline void write_unreaped(struct io_uring_cqe *cqe, __u32 is_overflowed) {
  struct record_unreaped *record = next_slot();
  if (!record)
    return;
  fill_header(&record->base, RECORD_UNREAPED, sizeof(*record), walk.ring, 0);
  record->user_data = BPF_CORE_READ(cqe, user_data);
  record->res = BPF_CORE_READ(cqe, res);
  record->cflags = BPF_CORE_READ(cqe, flags);
  record->is_overflowed = is_overflowed;
  record->reserved = 0;
}

/* CQEs from the application's head on. 7.2: with CQE_MIXED big ones take two places, padding is marked. */
static long unreaped_step(__u32 index, void *unused) {
  struct io_ring_ctx *ring = (void *)walk.ring;
  struct io_rings___cqes *rings = (void *)BPF_CORE_READ(ring, rings);
  __u32 flags = BPF_CORE_READ(ring, flags);
  if (queue_position == BPF_CORE_READ((struct io_rings *)rings, cq.tail))
    return 1;
  __u32 place = queue_position & (BPF_CORE_READ(ring, cq_entries) - 1);
  __u64 size = flags & IORING_SETUP_CQE32 ? 32 : 16;
  struct io_uring_cqe *cqe =
      (void *)rings + bpf_core_field_offset(struct io_rings___cqes, cqes) + place * size;
  __u32 cqe_flags = BPF_CORE_READ(cqe, flags);
  queue_position++;
  if (flags & IORING_SETUP_CQE_MIXED) {
    if (cqe_flags & IORING_CQE_F_SKIP)
      return 0;
    if (cqe_flags & IORING_CQE_F_32)
      queue_position++;
  }
  write_unreaped(cqe, 0);
  return 0;
}

static long overflow_step(__u32 index, void *unused) {
  if (!queue_node || queue_node == walk.end)
    return 1;
  struct io_overflow_cqe *entry = (void *)queue_node;
  write_unreaped(
      (void *)entry + bpf_core_field_offset(struct io_overflow_cqe, cqe), 1);
  queue_node = read_pointer(queue_node);
  return 0;
}

__noinline int walk_queues(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  walk.ring = address;
  struct io_rings *rings = BPF_CORE_READ(ring, rings);
  if (!(BPF_CORE_READ(ring, flags) & IORING_SETUP_SQ_REWIND)) {
    queue_position = BPF_CORE_READ(rings, sq.head);
    __u32 pending = BPF_CORE_READ(rings, sq.tail) - queue_position;
    if (pending <= BPF_CORE_READ(ring, sq_entries))
      bpf_loop(pending < MAX_LISTED ? pending : MAX_LISTED, unsubmitted_step, NULL, 0);
  }
  queue_position = BPF_CORE_READ(rings, cq.head);
  if (BPF_CORE_READ(rings, cq.tail) - queue_position <= BPF_CORE_READ(ring, cq_entries))
    bpf_loop(MAX_LISTED, unreaped_step, NULL, 0);
  walk.end = address_of(ring, struct io_ring_ctx___lists, cq_overflow_list);
  queue_node = read_pointer(walk.end);
  bpf_loop(MAX_LISTED, overflow_step, NULL, 0);
  return 0;
}

/* Balance */

__u32 free_count = 0;
__s64 reference_count = 0;

/*
 * A free request does not tell its ring: on 6.18 one that was never used has none, or that of its memory's
 * last use. Whether the list stayed as it is shows at its head, which every use changes.
 */
static long count_free_step(__u32 index, void *unused) {
  if (!queue_node)
    return 1;
  free_count++;
  queue_node = read_pointer(queue_node);
  return 0;
}

static long count_references_step(__u32 processor, void *counter) {
  if (processor >= inventory.processors)
    return 1;
  __u64 offset = read_pointer(inventory.per_cpu_offsets + processor * 8ULL);
  reference_count += (__s64)read_pointer(*(__u64 *)counter + offset);
  return 0;
}

/* Each allocated request holds a reference to the ring, whose own is one more. */
static __always_inline bool count_references(struct io_ring_ctx *ring) {
  struct io_ring_ctx___lists *lists = (void *)ring;
  __u64 counter = BPF_CORE_READ(lists, refs.percpu_count_ptr);
  if (!inventory.per_cpu_offsets || counter & 3)
    return false;
  /* while it counts per processor, the total is biased by 1 << 63 */
  reference_count =
      BPF_CORE_READ(lists, refs.data, count.counter) - (__s64)0x8000000000000000ULL - 1;
  bpf_loop(MAX_PROCESSORS, count_references_step, &counter, 0);
  return true;
}

/* False if the list changed meanwhile. */
static __always_inline bool count_free(struct io_ring_ctx *ring) {
  free_count = 0;
  __u64 first = (__u64)BPF_CORE_READ(ring, submit_state.free_list.next);
  queue_node = first;
  bpf_loop(MAX_STEPS, count_free_step, NULL, 0);
  if (bpf_core_field_exists(struct io_ring_ctx___locked_free_list, locked_free_list)) {
    struct io_ring_ctx___locked_free_list *old = (void *)ring;
    queue_node = (__u64)BPF_CORE_READ(old, locked_free_list.first);
    bpf_loop(MAX_STEPS, count_free_step, NULL, 0);
  }
  return first == (__u64)BPF_CORE_READ(ring, submit_state.free_list.next);
}

__noinline int write_balance(__u64 address) {
  struct io_ring_ctx *ring = (void *)address;
  struct record_ring_balance *balance = next_slot();
  if (!balance)
    return 0;
  fill_header(&balance->base, RECORD_RING_BALANCE, sizeof(*balance), address, 0);
  balance->reached = 0; /* user space knows which were met twice */
  balance->method = RECORD_BALANCE_UNKNOWN;
  bool is_counted = count_free(ring) || count_free(ring) || count_free(ring);
  __s64 outstanding = -1;
  if (bpf_core_field_exists(struct io_ring_ctx___allocated, nr_req_allocated)) {
    struct io_ring_ctx___allocated *newer = (void *)ring;
    if (is_counted) {
      outstanding = (__s64)BPF_CORE_READ(newer, nr_req_allocated) - free_count;
      balance->method = RECORD_BALANCE_ALLOCATED;
    }
  } else if (is_counted && count_references(ring)) {
    outstanding = reference_count - free_count;
    balance->method = RECORD_BALANCE_REFERENCES;
  } else if (bpf_core_field_exists(struct io_ring_ctx___cq_extra, cq_extra)) {
    struct io_ring_ctx___cq_extra *older = (void *)ring;
    outstanding = (__s32)(BPF_CORE_READ(ring, cached_sq_head) + BPF_CORE_READ(older, cq_extra) -
                          BPF_CORE_READ(ring, cached_cq_tail));
    balance->method = RECORD_BALANCE_SEQUENCE;
  }
  if (outstanding < 0 || outstanding > MAX_STEPS * 2) {
    balance->method = RECORD_BALANCE_UNKNOWN;
    outstanding = 0;
  }
  balance->outstanding = outstanding;
  return 0;
}

#include "disks.h"
#include "tables.h"

/* Rings */

__noinline int walk_ring(__u64 key) {
  __u32 *pass = bpf_map_lookup_elem(&targets, &key);
  if (!pass || *pass == inventory.pass)
    return 0;
  *pass = inventory.pass;
  write_balance(key);
  walk_queues(key);
  walk_files(key);
  walk_groups(key);
  walk_parked(key);
  return 0;
}

SEC("iter/task_file")
int inventory_rings(struct bpf_iter__task_file *ctx) {
  struct task_struct *task = ctx->task;
  struct file *file = ctx->file;
  if (!task || !file)
    return 0;
  if ((__u64)file->f_op == inventory.ring_file_operations)
    walk_ring((__u64)BPF_CORE_READ(file, private_data));
  else if (inventory.looks_at_disks)
    look_at_device(task, file);
  return 0;
}

/* Tasks */

/* What the pool of a task's worker threads has in its queues. */
static __always_inline void walk_work_queues(struct io_wq *pool) {
  const __u32 offset = bpf_core_field_offset(struct io_kiocb___parked, work.list);
  if (bpf_core_field_exists(struct io_wq___nodes, wqes)) {
    struct io_wq___nodes *old = (void *)pool;
    __u64 nodes = address_of(old, struct io_wq___nodes, wqes);
    for (__u32 node = 0; node < MAX_NODES && node < inventory.nodes; node++) {
      __u64 queues = read_pointer(nodes + node * 8);
      if (!queues)
        continue;
      queues += bpf_core_field_offset(struct io_wqe, acct) +
                bpf_core_field_offset(struct io_wqe_acct, work_list);
      walk_single(0, read_pointer(queues), RECORD_PLACE_WORK_QUEUED, offset);
      walk_single(
          0, read_pointer(queues + bpf_core_type_size(struct io_wqe_acct)),
          RECORD_PLACE_WORK_QUEUED, offset);
    }
    return;
  }
  __u64 queues = address_of(pool, struct io_wq, acct) +
                 bpf_core_field_offset(struct io_wq_acct, work_list);
  walk_single(0, read_pointer(queues), RECORD_PLACE_WORK_QUEUED, offset);
  walk_single(
      0, read_pointer(queues + bpf_core_type_size(struct io_wq_acct)), RECORD_PLACE_WORK_QUEUED,
      offset);
}

static __always_inline void walk_task_work(struct io_uring_task *tctx) {
  const __u32 offset = bpf_core_field_offset(struct io_kiocb___parked, io_task_work.node);
  if (bpf_core_field_exists(struct io_uring_task___mpscq, task_head)) {
    struct io_uring_task___mpscq *newer = (void *)tctx;
    begin_walk(0, RECORD_PLACE_TASK_WORK, offset);
    walk.node = (__u64)BPF_CORE_READ(newer, task_head);
    walk.stub = address_of(tctx, struct io_uring_task___mpscq, task_list.stub);
    go_on();
  } else {
    struct io_uring_task___queues *older = (void *)tctx;
    walk_single(
        0, (__u64)BPF_CORE_READ(older, task_list.first), RECORD_PLACE_TASK_WORK, offset);
  }
}

static __always_inline void write_stack(struct task_struct *task, __u64 ring, __u64 req) {
  __u32 index = inventory.stacks++;
  struct probe_stack *stack = bpf_map_lookup_elem(&stacks, &index);
  if (!stack)
    return;
  stack->req = req;
  stack->ctx = ring;
  stack->tid = tid_of(task);
  stack->size = bpf_get_task_stack(task, stack->frames, sizeof(stack->frames), 0);
}

/* A worker thread: what it executes, and what hangs behind that because it is on the same file. */
static __always_inline void walk_worker(struct task_struct *task, struct io_worker *worker) {
  __u64 work = (__u64)BPF_CORE_READ(worker, cur_work);
  if (work) {
    __u32 used = inventory.used;
    begin_walk(
        0, RECORD_PLACE_WORK_RUNNING, bpf_core_field_offset(struct io_kiocb___parked, work.list));
    walk.node = work;
    walk.tid = tid_of(task);
    walk.is_worker = 1;
    go_on();
    if (inventory.used != used) {
      __u64 req = work - bpf_core_field_offset(struct io_kiocb___parked, work);
      write_stack(
          task, read_pointer(req + bpf_core_field_offset(struct io_kiocb, ctx)), req);
    }
  }
  if (bpf_core_field_exists(struct io_worker___next, next_work)) {
    struct io_worker___next *other = (void *)worker;
    walk_single(
        0, (__u64)BPF_CORE_READ(other, next_work), RECORD_PLACE_WORK_QUEUED,
        bpf_core_field_offset(struct io_kiocb___parked, work.list));
  }
}

SEC("iter/task")
int inventory_tasks(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task)
    return 0;
  struct task_struct___worker *thread = (void *)task;
  if (BPF_CORE_READ(thread, flags) & PF_IO_WORKER) {
    struct io_worker *worker = BPF_CORE_READ(thread, worker_private);
    /* an iou-sqp thread has the flag too, and no worker */
    if (worker)
      walk_worker(task, worker);
  }
  struct io_uring_task *tctx = task->io_uring;
  if (!tctx)
    return 0;
  struct io_uring_task___queues *queues = (void *)tctx;
  struct io_wq *pool = BPF_CORE_READ(queues, io_wq);
  if (pool)
    walk_work_queues(pool);
  walk_task_work(tctx);
  return 0;
}

static __always_inline void walk_registered(
    struct seq_file *seq, struct task_struct *task, struct file *file) {
  if (file && (__u64)file->f_op == inventory.ring_file_operations)
    walk_ring((__u64)BPF_CORE_READ(file, private_data));
}

SEC("iter/task")
int inventory_registered(struct bpf_iter__task *ctx) {
  for_each_registered(ctx, walk_registered);
  return 0;
}
