// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The least that observing costs: two programs on the tracepoints that every request passes. They do nothing, or only
 * read the clock, as every tracer must.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile int reads_clock = 0;

static __always_inline int observe(void) {
  return reads_clock && !bpf_ktime_get_ns();
}

SEC("tp_btf/io_uring_submit_req")
int submitted(void *ctx) {
  return observe();
}

SEC("tp_btf/io_uring_complete")
int completed(void *ctx) {
  return observe();
}
