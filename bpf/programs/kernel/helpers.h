/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kernel's helper functions, and how functions of our own are compiled. */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

/*
 * Marks functions that the verifier checks once rather than in each state of each caller. It assumes nothing about
 * their arguments, which must be numbers (number_of), and a caller continues in a single state.
 */
#define CHECKED_ONCE __attribute__((noinline, unused))
