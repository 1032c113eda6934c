/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What every BPF source needs, and the kernel's lists.
 *
 * Headers in this folder declare the kernel's types reduced to the fields that are read. CO-RE finds those
 * in the running kernel, also inside anonymous structs and unions. Types that differ between kernels are in
 * versions.h.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "record.h"

/* Tracepoints and callbacks dictate parameters that not every program reads. */
#pragma clang diagnostic ignored "-Wunused-parameter"

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
