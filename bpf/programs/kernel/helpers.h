/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Includes for the kernel's helper functions, and an attribute for functions of the BPF programs. */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

/*
 * Marks functions that the verifier checks once, not once for each state of each caller. The verifier assumes nothing
 * about their arguments, so the arguments must be numbers (number_of). After the call, it follows the caller in a
 * single state.
 */
#define CHECKED_ONCE __attribute__((noinline, unused))
