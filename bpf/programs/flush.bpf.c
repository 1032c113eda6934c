// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Ends of requests whose success posts no CQE (IOSQE_CQE_SKIP_SUCCESS). No tracepoint reports these ends. All deferred
 * completions pass through __io_submit_flush_completions, which fentry traces where the kernel allows it (6.12 and
 * later).
 */
#define CLAIMS_ATOMICALLY 1
#include "common/config.h"
#include "common/output.h"
#include "common/ring_filter.h"
#include "common/tally.h"
#include "kernel/rings.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define MAX_FLUSH_STEPS 4096

/*
 * State of the walk over completed requests. It is per CPU rather than on the stack, so that the verifier checks each
 * step only once.
 */
struct flush_walk {
  struct io_wq_work_node *node;
  __u64 ctx;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct flush_walk);
} flush_walks SEC(".maps");

/*
 * Records the end of a request with REQ_F_CQE_SKIP. Such a request ends here without a CQE, or it has already posted a
 * CQE: a request that io-wq ran gets the flag when its last reference is dropped. The reader of the records
 * distinguishes the two cases by the completion record. A request with REQ_F_REISSUE (7.3) does not end: it is queued
 * to io-wq.
 */
static __always_inline void emit_skip(struct io_kiocb *req, __u64 ctx) {
  __u64 flags = BPF_CORE_READ_BITFIELD_PROBED(req, flags);
  if (!(flags & config.req_f_cqe_skip) || (flags & config.req_f_reissue))
    return;
  __u8 opcode = BPF_CORE_READ(req, opcode);
  if (!opcode_passes(opcode))
    return;
  __s32 res = BPF_CORE_READ(req, cqe.res);
  struct record_skip *record = NULL;
  if (request_is_sampled(req))
    record = RESERVE(record_skip, RECORD_SKIP, ctx, req, opcode);
  if (!record) {
    tally_skip(ctx, (__u64)req, opcode, res);
    return;
  }
  record->res = res;
  record->reserved = 0;
  submit_record(record);
}

static long flush_step(__u32 index, void *unused) {
  __u32 zero = 0;
  struct flush_walk *walk = bpf_map_lookup_elem(&flush_walks, &zero);
  if (!walk || !walk->node)
    return 1;
  struct io_wq_work_node *node = walk->node;
  struct io_kiocb *req = (void *)node - bpf_core_field_offset(struct io_kiocb, comp_list);
  emit_skip(req, walk->ctx);
  walk->node = BPF_CORE_READ(node, next);
  return 0;
}

SEC("fentry/__io_submit_flush_completions")
int BPF_PROG(flush_completions, struct io_ring_ctx *ring) {
  if (!ring_passes((__u64)ring))
    return 0;
  __u32 zero = 0;
  struct flush_walk *walk = bpf_map_lookup_elem(&flush_walks, &zero);
  if (!walk)
    return 0;
  walk->node = BPF_CORE_READ(ring, submit_state.compl_reqs.first);
  walk->ctx = (__u64)ring;
  bpf_loop(MAX_FLUSH_STEPS, flush_step, NULL, 0);
  return 0;
}
