/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Functions of bpf/programs/common/transport.h, compiled for user space. Each test thread acts as a CPU. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Clears all lanes and the pool. `chunks` is an array of `count` chunks, including the unused chunk 0. */
void transport_reset(void *chunks, uint32_t count, bool claims_atomically);
/* The memory that writers share with the reader: the array of lanes, and the pool of chunks. */
void *transport_lanes(void);
void *transport_pool(void);

/*
 * Writes a record of `size` bytes on `cpu`, with `producer` as its ctx and `sequence` as its req. Before the record is
 * handed over to the reader, another write on the same CPU interrupts it, and so on, `nested` levels deep. The req of
 * each record is one higher than that of the record that it interrupts. Returns the number of records without room.
 */
uint64_t transport_write(uint32_t cpu, uint64_t producer, uint64_t sequence, uint16_t size, uint32_t nested);
/*
 * Claims room for a record on `cpu` and keeps it, like a BPF program that is preempted there. Returns the lane, or
 * PROBE_MAX_LANES if there is no room.
 */
uint32_t transport_hold(uint32_t cpu);
/* Leaves a lane that transport_hold has claimed, without writing a record. */
void transport_release(uint32_t lane);
/* Sets the variable wake_position of transport.h, which determines when writers wake the reader. */
void transport_set_wake_position(uint64_t position);
/* The number of times that writers have woken the reader. */
uint64_t transport_wakeups(void);
