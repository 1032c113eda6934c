/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The records: written by the BPF programs, read in place by Swift, stored in recordings.
 *
 * A record is a `struct record` (32 bytes) followed by the fields of its kind: `size` bytes in all, a multiple of 8.
 * Times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns). Process and thread ids are those of the pid namespace
 * uringtop runs in, 0 where the task is not visible there.
 *
 * Kinds up to 63 come from the kernel, most of them from the io_uring tracepoint of that name
 * (include/trace/events/io_uring.h). Kinds from 64 on are added by uringtop itself.
 *
 * The headers in records/ also describe each kind: DescribeRecords reads them during the build and generates the code
 * that depends on the kind. docs/architecture.md, "Add a record kind", explains the format.
 *
 * A layout never changes in place. It grows at its end (`@added`), or the kind gets a new number. A release that adds a
 * kind or a field raises RECORD_SCHEMA.
 */
#ifndef URINGTOP_RECORD_H
#define URINGTOP_RECORD_H

#include <linux/types.h>

#define RECORD_SCHEMA 1
/* Of JSON lines: raised with RECORD_SCHEMA, and when a member is renamed. */
#define TRACE_SCHEMA 2
#define RECORD_COMM_LEN 16
#define RECORD_OPCODE_NONE 0xff

#define RECORD_SWIFT_NAME(name) __attribute__((swift_name(name)))

/* Each header contributes its kinds here and defines their structs below. */
#define RECORD_KINDS
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("RecordKind") record_kind : __u8 {
#include "records/requests.h"
#include "records/rings.h"
#include "records/buffers.h"
#include "records/inventory.h"
#include "records/waits.h"
#include "records/calls.h"
#include "records/memory.h"
#include "records/names.h"
#include "records/losses.h"
};
// clang-format on
#undef RECORD_KINDS

#include "records/parts.h"
#include "records/requests.h"
#include "records/rings.h"
#include "records/buffers.h"
#include "records/inventory.h"
#include "records/waits.h"
#include "records/calls.h"
#include "records/memory.h"
#include "records/names.h"
#include "records/losses.h"

/* The start of a recording. All text is UTF-8, padded with zeros. */
#define RECORDING_MAGIC "URINGTOP"
struct recording_header {
  char magic[8];
  __u32 schema;      /* RECORD_SCHEMA */
  __u32 header_size; /* of this struct: the offset of the first record */
  __u64 start_ns;    /* CLOCK_MONOTONIC */
  __u64 start_realtime_ns;
  char tool_version[32];
  char kernel[64]; /* uname -r */
  char tier[16];   /* capability tier */
  /* Missing in the oldest recordings; header_size shows whether it is there. */
  __u32 sampling; /* one request in this many has records; the rest are only counted */
  __u32 reserved;
};

#endif
