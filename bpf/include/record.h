/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The records: written by the BPF programs, read in place by Swift, stored in recordings.
 *
 * A record is a `struct record` (32 bytes) followed by the fields of its kind: `size` bytes in all, a multiple of 8.
 * Times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns). Process and thread ids are those of the pid namespace that
 * uringtop runs in; an id is 0 if the task is not visible there.
 *
 * Kinds up to 63 come from the kernel, most of them from the io_uring tracepoint of the same name
 * (include/trace/events/io_uring.h). Kinds from 64 on are added by uringtop itself.
 *
 * The headers in records/ also describe each kind: DescribeRecords reads them during the build and generates the code
 * that depends on the kind. docs/architecture.md, "Add a record kind", explains the format.
 *
 * The layout of a kind never changes in place. It grows at its end (`@added`), or the kind gets a new number. A release
 * that adds a kind or a field raises RECORD_SCHEMA.
 */
#ifndef URINGTOP_RECORD_H
#define URINGTOP_RECORD_H

#include <linux/types.h>

#define RECORD_SCHEMA 1
/* Schema of the JSON lines: raised with RECORD_SCHEMA, and when a JSON member is renamed. */
#define TRACE_SCHEMA 2
#define RECORD_COMM_LEN 16
#define RECORD_OPCODE_NONE 0xff

#define RECORD_SWIFT_NAME(name) __attribute__((swift_name(name)))

/* Each header in records/ is included twice: here for its kinds, and below for the structs of the kinds. */
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
#define RECORDING_PLAIN 0  /* records follow */
#define RECORDING_BLOCKS 1 /* blocks follow */
struct recording_header {
  char magic[8];
  __u16 schema;      /* RECORD_SCHEMA */
  __u16 format;      /* RECORDING_*; the oldest uringtop versions refuse values above 0 as a newer schema */
  __u32 header_size; /* size of this struct, the offset of the first record or block */
  __u64 start_ns;    /* CLOCK_MONOTONIC */
  __u64 start_realtime_ns;
  char tool_version[32];
  char kernel[64]; /* uname -r */
  char tier[16];   /* name of the capability tier: what the kernel allows uringtop to trace */
  /* The fields below are missing in the oldest recordings; header_size shows whether a recording has them. */
  __u32 sampling; /* one request in `sampling` has records; the others are only counted */
  __u32 reserved;
};

/*
 * A block of a recording: this struct, followed by `stored` bytes. A block can be decoded without any other block.
 *
 * A block contains whole records, in order. The last record of the last block is a record_end; if it is missing, the
 * recording was cut off. docs/recordings.md describes how records are coded.
 */
#define RECORDING_BLOCK_MAGIC 0x0a0d4b4c425255f5 /* \xf5 "URBLK" \r\n */
#define RECORDING_BLOCK_LARGEST (1 << 20)        /* maximum bytes of records in a block */
#define RECORDING_BLOCK_RATIO 512                /* maximum bytes of records for each byte of a block */
#define RECORDING_DIFFERENCES 1                  /* flag in coding: words are stored as differences */
#define RECORDING_ZSTD 2                         /* flag in coding: the result is stored as a zstd frame */
struct recording_block {
  __u64 magic;
  __u32 check;        /* CRC-32 of the members below */
  __u32 stored_check; /* CRC-32 of the stored bytes */
  __u32 stored;       /* bytes that follow this struct */
  __u32 size;         /* bytes of the records */
  __u64 first_record; /* number of records in all earlier blocks */
  __u64 first_ns;     /* smallest time of a record, CLOCK_MONOTONIC; 0 if none has a time */
  __u64 last_ns;      /* largest time of a record */
  __u32 records;      /* number of records */
  __u32 coding;       /* flags: RECORDING_DIFFERENCES, RECORDING_ZSTD */
};

#endif
