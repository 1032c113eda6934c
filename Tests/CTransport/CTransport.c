/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include "CTransport.h"

#include <string.h>
#include <time.h>
#include "common/transport.h"

struct simulation simulation;
_Thread_local uint32_t simulated_cpu;

void transport_reset(void *memory, uint32_t count, bool claims_atomically) {
  memset(lanes, 0, sizeof(lanes));
  memset(&pool, 0, sizeof(pool));
  wake_position = 0;
  simulation =
      (struct simulation){.chunks = memory, .chunk_count = count, .claims_atomically = claims_atomically};
}

void *transport_lanes(void) {
  return lanes;
}

void *transport_pool(void) {
  return &pool;
}

static uint64_t monotonic_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t transport_write(uint32_t cpu, uint64_t producer, uint64_t sequence, uint16_t size, uint32_t nested) {
  simulated_cpu = cpu;
  __u32 lane_number;
  struct record *record = claim_place(size, &lane_number);
  uint64_t lost = 0;
  if (record) {
    record->time_ns = monotonic_time();
    record->ctx = producer;
    record->req = sequence;
    record->size = size;
    record->kind = 1;
    record->opcode = 0;
    memset(record + 1, (uint8_t)sequence, size - sizeof(*record));
  } else {
    lost = 1;
  }
  if (nested)
    lost += transport_write(cpu, producer, sequence + 1, size, nested - 1);
  if (record)
    leave_place(&lanes[lane_number], size);
  return lost;
}

uint32_t transport_hold(uint32_t cpu) {
  simulated_cpu = cpu;
  __u32 lane_number = PROBE_MAX_LANES;
  struct record *record = claim_place(sizeof(*record), &lane_number);
  return record ? lane_number : PROBE_MAX_LANES;
}

void transport_release(uint32_t lane) {
  leave_place(&lanes[lane], 0);
}

void transport_set_wake_position(uint64_t position) {
  __atomic_store_n(&wake_position, position, __ATOMIC_SEQ_CST);
}

uint64_t transport_wakeups(void) {
  return __atomic_load_n(&simulation.wakeups, __ATOMIC_SEQ_CST);
}
