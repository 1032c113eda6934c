/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* bpf/programs/common/transport.h, compiled for user space: threads in the place of CPUs. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Starts again with these chunks, chunk 0 included. */
void transport_reset(void *chunks, uint32_t count, bool claims_atomically);
/* The shared memory: lanes and pool. */
void *transport_lanes(void);
void *transport_pool(void);

/*
 * Writes a record of `size` bytes on a CPU, with `producer` as its ctx and `sequence` as its req. Before it is handed
 * over, `nested` further ones are written on the same CPU, each interrupting the one before, with the following numbers.
 * Returns how many records found no room.
 */
uint64_t transport_write(uint32_t cpu, uint64_t producer, uint64_t sequence, uint16_t size, uint32_t nested);
/* Claims a place on the CPU and keeps it, as a program does that is preempted. */
uint32_t transport_hold(uint32_t cpu);
/* Leaves it without a record. */
void transport_release(uint32_t lane);
/* Sets the position at which the reader is woken, and how often it was woken. */
void transport_set_wake_position(uint64_t position);
uint64_t transport_wakeups(void);
