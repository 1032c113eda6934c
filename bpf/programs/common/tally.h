/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Counts of events that have no record, because the record buffer was full or the request is not in the sample. Each
 * event is counted once, here or by the reader of its record, so sums are exact however many records are lost. Nothing
 * is counted here while every event has a record.
 *
 * If the submission or the completion has no record, the latency needs the time of submission. The table `starts` keeps
 * this time by the address of the request, without collision handling. It has the times of the requests that are not in
 * the sample, and of all requests while room for records is scarce. A request is counted as unmeasured if another
 * request in flight took its slot, or if its completion has no record and it was submitted while there
 * was room for records.
 */
#pragma once
#include "common/config.h"
#include "common/output.h"
#include "kernel/rings.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct probe_tallies);
} tallies SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, PROBE_TALLY_DETAILS);
  __type(key, __u32);
  __type(value, struct probe_tally_detail);
} tally_details SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct probe_starts);
} starts SEC(".maps");

#define TALLY(counter, amount) __sync_fetch_and_add(&(counter), (amount))

/* Lookup */

static __always_inline struct probe_tallies *all_tallies(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&tallies, &zero);
}

/*
 * Returns the low half of a pointer as a number. Written in assembly because the compiler would shift the pointer
 * itself, which the verifier refuses.
 */
static __always_inline __u32 low_half(__u64 pointer) {
  __u32 low;
  asm volatile("%0 = %1" : "=w"(low) : "w"((__u32)pointer));
  return low;
}

/* Returns the slot of a key, or a free slot that the key can claim; PROBE_TALLY_SLOTS if there is none. */
CHECKED_ONCE int find_tally_slot(__u64 key) {
  struct probe_tallies *table = all_tallies();
  if (!table)
    return PROBE_TALLY_SLOTS;
  __u32 home = PROBE_HASH(key * 0x9e3779b97f4a7c15ULL >> 32, PROBE_TALLY_BITS);
  __u32 free = PROBE_TALLY_SLOTS;
  for (int i = 0; i < PROBE_TALLY_PROBES; i++) {
    __u32 slot = (home + i) & (PROBE_TALLY_SLOTS - 1);
    __u64 found = table->slots[slot].key;
    if (found == key)
      return slot;
    if (free == PROBE_TALLY_SLOTS && (!found || found == PROBE_TALLY_FREED))
      free = slot;
    if (!found)
      break;
  }
  return free;
}

/* Maximum attempts to claim a free slot. Another CPU can claim it first, but rarely several times in a row. */
#define TALLY_CLAIMS 4

/* Returns the counters of a ring (as a number) and an opcode, claimed at first use. NULL if no slot is free. */
static __noinline struct probe_tally *tally_of(__u64 ctx, __u8 opcode) {
  struct probe_tallies *table = all_tallies();
  if (!table)
    return NULL;
  __u64 key = PROBE_TALLY_KEY(ctx, opcode);
  for (int i = 0; i < TALLY_CLAIMS; i++) {
    __u32 slot = find_tally_slot(key);
    if (slot >= PROBE_TALLY_SLOTS)
      break;
    struct probe_tally *tally = &table->slots[slot];
    __u64 found = tally->key;
    if (found == key)
      return tally;
    if (found && found != PROBE_TALLY_FREED)
      continue;
    __u64 other = __sync_val_compare_and_swap(&tally->key, found, key);
    if (!other && !found)
      TALLY(table->used, 1);
    if (other == found || other == key)
      return tally;
  }
  TALLY(table->nowhere, 1);
  return NULL;
}

/* Retires the tallies under the address of a ring that is being created: their counts belong to an earlier ring. */
static __always_inline void retire_tallies(__u64 ctx) {
  struct probe_tallies *table = all_tallies();
  if (!table || !table->used)
    return;
  for (int opcode = 0; opcode < 256; opcode++) {
    __u64 key = PROBE_TALLY_KEY(ctx, opcode);
    __u32 slot = find_tally_slot(key);
    if (slot >= PROBE_TALLY_SLOTS || table->slots[slot].key != key)
      continue;
    table->slots[slot].retired_ns = bpf_ktime_get_ns();
    table->slots[slot].key = key | PROBE_TALLY_RETIRED;
  }
}

/* Returns the tally's histogram and error counts, claimed at first use and never freed. NULL if none is free. */
static __always_inline struct probe_tally_detail *detail_of(struct probe_tally *tally) {
  __u32 number = tally->detail;
  if (!number) {
    struct probe_tallies *table = all_tallies();
    if (!table || table->details >= PROBE_TALLY_DETAILS)
      return NULL;
    __u32 next = (__u32)TALLY(table->details, 1) + 1;
    if (next > PROBE_TALLY_DETAILS)
      return NULL;
    /* if another CPU has set tally->detail first, detail `next` stays unused */
    __u32 other = __sync_val_compare_and_swap(&tally->detail, 0, next);
    number = other ? other : next;
  }
  number--;
  return bpf_map_lookup_elem(&tally_details, &number);
}

static __always_inline struct probe_start *start_of(__u64 req) {
  __u32 zero = 0;
  struct probe_starts *table = bpf_map_lookup_elem(&starts, &zero);
  /*
   * Mixed here and again by PROBE_HASH. One multiplication is nearly linear: if one object of a slab collided with an
   * object of another slab, all objects of the two slabs would collide in pairs.
   */
  __u32 low = low_half(req);
  low = (low ^ low >> 7) * 0x85ebca6bU;
  return table ? &table->slots[PROBE_HASH(low ^ low >> 15, PROBE_START_BITS)] : NULL;
}

/* Times of submission */

static __always_inline void note_start(__u64 req, __u64 time, bool is_seen) {
  struct probe_start *start = start_of(req);
  if (!start)
    return;
  start->req = req;
  start->time_ns = is_seen ? time : time | PROBE_START_UNSEEN;
}

/* Excludes the next completion at this request address from the latencies. */
static __always_inline void forget_start(__u64 req) {
  struct probe_start *start = start_of(req);
  if (start && start->req == req)
    start->req = 0;
}

/*
 * Returns the submission time of a request whose submission has no record, NULL if the submission has a record. Costs
 * one load while every submission has a record.
 */
static __always_inline struct probe_start *unseen_start(__u64 req) {
  struct probe_tallies *table = all_tallies();
  if (!req || !table || !table->has_lost_submissions)
    return NULL;
  struct probe_start *start = start_of(req);
  return start && start->req == req && (start->time_ns & PROBE_START_UNSEEN) ? start : NULL;
}

/* Counting */

/* Base-2 logarithms, indexed by the top six bits of a De Bruijn product. */
static const __u8 logarithms[64] = {
    0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
    43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
    44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
};

/*
 * Returns the base-2 logarithm, rounded down; `value` must not be 0. Branch-free, because each branch would double the
 * states that the verifier checks.
 */
static __always_inline __u32 log2_of(__u64 value) {
#pragma unroll
  for (__u32 step = 1; step < 64; step <<= 1)
    value |= value >> step;
  return logarithms[(value - (value >> 1)) * 0x03f79d71b4cb0a89ULL >> 58];
}

/* Returns the bucket in LatencyHistogram. Each value up to 255 has its own bucket. */
static __always_inline __u32 latency_bucket(__u64 latency) {
  if (latency >= 1ULL << PROBE_LATENCY_BITS)
    return PROBE_LATENCY_BUCKETS - 1;
  __u32 shift = latency < 256 ? 0 : log2_of(latency) - 7;
  return shift * 128 + (__u32)(latency >> shift);
}

static __always_inline void tally_latency(struct probe_tally *tally, __u64 req) {
  struct probe_start *start = start_of(req);
  struct probe_tally_detail *detail = detail_of(tally);
  if (!start || start->req != req || !detail) {
    TALLY(tally->unmeasured, 1);
    return;
  }
  __u64 submitted = start->time_ns & ~PROBE_START_UNSEEN;
  __u64 now = bpf_ktime_get_ns();
  start->req = 0;
  __u64 latency = now > submitted ? now - submitted : 0;
  __u32 bucket = latency_bucket(latency);
  if (bucket < PROBE_LATENCY_BUCKETS) {
    TALLY(detail->latencies[bucket], 1);
    TALLY(tally->latency_sum, latency);
  }
}

/* Counts the error if a request's result is an error. */
static __always_inline void tally_result(struct probe_tally *tally, __s32 res) {
  if (res >= 0)
    return;
  struct probe_tally_detail *detail = detail_of(tally);
  __u64 error = -(__s64)res;
  /* the verifier of 6.12 and earlier does not track a negated half register */
  asm volatile("" : "+r"(error));
  if (detail && error < PROBE_TALLY_ERRORS)
    TALLY(detail->errors[error], 1);
  else
    TALLY(tally->errors, 1);
}

/* Counts the bytes, the error and the latency of a request's CQE, in the ring or in the overflow list. */
static __always_inline void tally_cqe(struct probe_tally *tally, __u64 req, __s32 res, __u32 cflags) {
  if (!req || (cflags & IORING_CQE_F_NOTIF))
    return;
  if (res > 0)
    TALLY(tally->bytes, res);
  if (!(cflags & IORING_CQE_F_MORE))
    tally_result(tally, res);
  tally_latency(tally, req);
}

CHECKED_ONCE int tally_submit(__u64 ctx, __u64 req, __u32 opcode, __u64 flags) {
  struct probe_tallies *table = all_tallies();
  struct probe_tally *tally = tally_of(ctx, opcode);
  if (tally)
    TALLY(tally->submitted, 1);
  if (table)
    table->has_lost_submissions = 1;
  if (flags & config.req_f_multishot)
    forget_start(req);
  else
    note_start(req, bpf_ktime_get_ns(), false);
  return 0;
}

CHECKED_ONCE int tally_req_failed(__u64 ctx, __u32 opcode) {
  struct probe_tally *tally = tally_of(ctx, opcode);
  if (!tally)
    return 0;
  TALLY(tally->submitted, 1);
  TALLY(tally->failed, 1);
  return 0;
}

CHECKED_ONCE int tally_complete(__u64 ctx, __u64 req, __u32 opcode, __s32 res, __u32 cflags) {
  struct probe_tally *tally = tally_of(ctx, opcode);
  if (!tally)
    return 0;
  tally_cqe(tally, req, res, cflags);
  if (!(cflags & IORING_CQE_F_MORE)) {
    if (req)
      TALLY(tally->completed, 1);
    else
      TALLY(tally->auxiliary, 1);
  }
  /* last: user space reads the other counters only when this counter has grown */
  TALLY(tally->cqes, 1);
  return 0;
}

/*
 * Flag in the argument opcode_and_dropped: the kernel had no memory for the CQE. The flag has no argument of its own,
 * because a function has at most five arguments.
 */
#define TALLY_DROPPED (1 << 8)

CHECKED_ONCE int tally_overflow(__u64 ctx, __u64 req, __u32 opcode_and_dropped, __s32 res, __u32 cflags) {
  struct probe_tally *tally = tally_of(ctx, opcode_and_dropped);
  if (!tally)
    return 0;
  tally_cqe(tally, req, res, cflags);
  if (opcode_and_dropped & TALLY_DROPPED)
    TALLY(tally->dropped, 1);
  else
    TALLY(tally->cqes, 1);
  TALLY(tally->overflows, 1);
  return 0;
}

static __always_inline void tally_skip(__u64 ctx, __u64 req, __u8 opcode, __s32 res) {
  struct probe_tally *tally = tally_of(number_of(ctx), opcode);
  if (!tally)
    return;
  tally_cqe(tally, req, res, 0);
  TALLY(tally->skipped, 1);
}

/* The sample: requests that have records with `--sample 1/N`. */

/*
 * True if the request is in the sample and has records. The result is the same for all events of a request. For the
 * next request at the same address it can differ, if user_data differs.
 */
static __always_inline bool is_sampled(__u64 req, __u64 user_data) {
  if (!config.samples)
    return true;
  __u64 mixed = (user_data + low_half(req)) * 0x9e3779b97f4a7c15ULL;
  return (__u32)((mixed ^ mixed >> 32) * 0x85ebca6bU) <= config.sample_limit;
}

/*
 * is_sampled for a typed request. Uses BPF_CORE_READ, because the compiler would execute a direct load even if sampling
 * is off.
 */
static __always_inline bool request_is_sampled(struct io_kiocb *req) {
  return !config.samples || is_sampled((__u64)req, BPF_CORE_READ(req, cqe.user_data));
}
