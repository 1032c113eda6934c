/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Detects a buffer that is in its group's buffer ring twice. Checks the next buffer of the buffer ring whenever a
 * request that selects a buffer is submitted.
 */
#pragma once
#include "common/output.h"
#include "common/provided_ring.h"

/* The head is compared with the LOOK_AHEAD - 1 entries behind it. */
#define LOOK_AHEAD 8

CHECKED_ONCE int look_for_twice(__u64 ring, __u64 req, __u32 opcode, __u32 bgid) {
  struct io_buffer_list *group = provided_group((struct io_ring_ctx *)ring, bgid);
  __u32 left = group ? provided_entries_left(group) : 0;
  struct provided_entry head, other;
  if (left < 2)
    return 0;
  read_provided_entry(&head, group, 0);
  for (__u32 distance = 1; distance < LOOK_AHEAD && distance < left; distance++) {
    read_provided_entry(&other, group, distance);
    if (other.bid != head.bid || !other.address)
      continue;
    struct record_provided_twice *record =
        RESERVE(record_provided_twice, RECORD_PROVIDED_TWICE, ring, req, opcode);
    if (!record)
      return 0;
    record->bgid = bgid;
    record->bid = head.bid;
    record->distance = distance;
    record->left = left;
    submit_record(record);
    return 0;
  }
  return 0;
}
