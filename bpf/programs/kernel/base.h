/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Includes for every BPF source, and the kernel's list types.
 *
 * The headers in this folder declare kernel types with only the fields that are read. CO-RE finds these fields in the
 * running kernel, even inside anonymous structs and unions. Types that differ between kernels are in versions.h.
 */
#pragma once
#include "kernel/helpers.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "record.h"

/* Tracepoints and callbacks prescribe parameters, which not every program uses. */
#pragma clang diagnostic ignored "-Wunused-parameter"

/* Returns a pointer as a number. The verifier forbids arithmetic on typed pointers; a copy in memory has no type. */
static __always_inline __u64 number_of(__u64 pointer) {
  __u64 number = 0;
  bpf_probe_read_kernel(&number, sizeof(number), &pointer);
  return number;
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
  struct list_head *next, *prev;
};

struct hlist_node {
  struct hlist_node *next, **pprev;
};

struct hlist_head {
  struct hlist_node *first;
};

struct llist_node {
  struct llist_node *next;
};

struct llist_head {
  struct llist_node *first;
};

typedef struct {
  int counter;
} atomic_t;

#pragma clang attribute pop
