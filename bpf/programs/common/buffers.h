/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Names of the functions that release registered buffers. */
#pragma once
#include "common/output.h"
#include "common/registered_buffer.h"

/*
 * Addresses of functions whose names have been recorded. There are few such functions: io_release_ubuf and one per
 * driver.
 */
#define MAX_SYMBOLS 16
__u64 recorded_symbols[MAX_SYMBOLS] = {};
__u32 recorded_symbol_count = 0;
static const char symbol_format[] = "%ps";

CHECKED_ONCE int record_symbol_once(__u64 address) {
  for (int i = 0; i < MAX_SYMBOLS; i++)
    if (recorded_symbols[i] == address)
      return 0;
  struct record_symbol *record = RESERVE(record_symbol, RECORD_SYMBOL, 0, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 0;
  record->address = address;
  __builtin_memset(record->name, 0, sizeof(record->name));
  bpf_snprintf(record->name, sizeof(record->name), symbol_format, &address, sizeof(address));
  submit_record(record);
  /* if two CPUs store at once, one address is lost, and the name of its function is recorded again later */
  __u32 count = recorded_symbol_count;
  if (count < MAX_SYMBOLS) {
    recorded_symbols[count] = address;
    recorded_symbol_count = count + 1;
  }
  return 0;
}

/* Records the name of a kernel function, normally once. */
static __always_inline void note_symbol(__u64 address) {
  if (address)
    record_symbol_once(number_of(address));
}
