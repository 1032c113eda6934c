// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The least that observing costs: two programs that do nothing, on the tracepoints that every request passes. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/io_uring_submit_req")
int submitted(void *ctx) {
  return 0;
}

SEC("tp_btf/io_uring_complete")
int completed(void *ctx) {
  return 0;
}
