/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Finds the request of an overflowed CQE. The tracepoint does not pass the request, but the request is still in the
 * list of completions that is being flushed. Exception: up to 6.12, a request that io-wq completes is not in that list.
 */
#pragma once
#include "kernel/rings.h"

/* Maximum number of requests in the list of completions that a search for one CQE's request visits. */
#define MAX_OVERFLOW_STEPS 4096

/* State of the search. It is per CPU rather than on the stack, so that the verifier checks each step only once. */
struct overflow_search {
  struct io_wq_work_node *node;
  __u64 ctx;
  __u64 user_data;
  __s32 res;
  __u64 req;
  __u8 opcode;
  /* Head of the list last searched, and the request found: the next overflow of the flush is behind that request. */
  struct io_wq_work_node *first;
  struct io_wq_work_node *found;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct overflow_search);
} overflow_searches SEC(".maps");

static long overflow_step(__u32 index, void *unused) {
  __u32 zero = 0;
  struct overflow_search *search = bpf_map_lookup_elem(&overflow_searches, &zero);
  if (!search || !search->node)
    return 1;
  struct io_wq_work_node *node = search->node;
  struct io_kiocb *req = (void *)node - bpf_core_field_offset(struct io_kiocb, comp_list);
  if ((__u64)BPF_CORE_READ(req, ctx) != search->ctx)
    return 1;
  if (BPF_CORE_READ(req, cqe.user_data) == search->user_data && BPF_CORE_READ(req, cqe.res) == search->res) {
    search->req = (__u64)req;
    search->opcode = BPF_CORE_READ(req, opcode);
    search->found = node;
    return 1;
  }
  search->node = BPF_CORE_READ(node, next);
  return 0;
}

/*
 * Returns the result of the search, or NULL. If several requests have the same user_data and result, each call finds
 * the next.
 */
static __always_inline struct overflow_search *find_overflowed(
    struct io_ring_ctx *ctx, __u64 user_data, __s32 res) {
  __u32 zero = 0;
  struct overflow_search *search = bpf_map_lookup_elem(&overflow_searches, &zero);
  if (!search)
    return NULL;
  struct io_wq_work_node *first = BPF_CORE_READ(ctx, submit_state.compl_reqs.first);
  search->node = first;
  if (search->found && search->ctx == (__u64)ctx && search->first == first) {
    struct io_wq_work_node *found = search->found;
    search->node = BPF_CORE_READ(found, next);
  }
  search->ctx = (__u64)ctx;
  search->user_data = user_data;
  search->res = res;
  search->first = first;
  search->found = NULL;
  search->req = 0;
  bpf_loop(MAX_OVERFLOW_STEPS, overflow_step, NULL, 0);
  if (!search->req) {
    /* search again from the head: the last request found belonged to an earlier flush */
    search->node = first;
    bpf_loop(MAX_OVERFLOW_STEPS, overflow_step, NULL, 0);
  }
  return search->req ? search : NULL;
}
