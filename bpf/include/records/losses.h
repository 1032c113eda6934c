/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Events without a record, and the end of a recording. */

#ifdef RECORD_KINDS
// clang-format off
RECORD_LOST RECORD_SWIFT_NAME("lost") = 69,
RECORD_END RECORD_SWIFT_NAME("end") = 72,
RECORD_COUNTS RECORD_SWIFT_NAME("counts") = 90,
// clang-format on
#else

/*
 * Causes of lost records.
 *
 * @unknown text
 */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("LossCause") record_loss : __u32 {
  RECORD_LOST_RING_FULL RECORD_SWIFT_NAME("ringBufferFull") = 0, /* uringtop read the record buffer too slowly */
  RECORD_LOST_OUTPUT RECORD_SWIFT_NAME("outputStalled") = 1,     /* the recording was not written fast enough */
  RECORD_LOST_NOT_RUN RECORD_SWIFT_NAME("notRun") = 2, /* the kernel skipped BPF programs; count is an upper bound */
  RECORD_LOST_UNCOUNTED RECORD_SWIFT_NAME("uncounted") = 3, /* no counter was free for events without a record */
  RECORD_LOST_DAMAGED RECORD_SWIFT_NAME("damaged") = 4, /* a block of the recording cannot be read */
};
// clang-format on

/*
 * Records were lost since the previous `lost` record.
 *
 * @title "LOST" alarm
 * @logged
 * @plain count
 */
struct record_lost {
  struct record base;
  __u64 count;            /* lost records; lost events if the cause is `uncounted` @summed */
  enum record_loss cause; /* cause of the loss */
  __u32 reserved;
};

/*
 * Counts of a ring's events that have no record of their own, because records were lost or the request is not in the
 * sample. They cover the time since the previous `counts` with the same ring and opcode. `opcode` is the opcode of the
 * requests. CQEs that name no request are counted in a record without an opcode. If a new ring has reused the memory of
 * this ring, `time_ns` is the time of the reuse.
 *
 * @title "counts" faint
 * @needs ring
 * @plain submitted failed completed cqes auxiliary overflows dropped skipped bytes unmeasured
 * @plain latency_sum
 */
struct record_counts {
  struct record base;
  __u64 submitted;   /* requests, including those that failed in preparation @summed */
  __u64 failed;      /* requests of `submitted` that failed in preparation @summed */
  __u64 completed;   /* requests that ended with a CQE in the ring @summed */
  __u64 cqes;        /* CQEs posted, including those in the overflow list @summed */
  __u64 auxiliary;   /* CQEs that name no request and have no IORING_CQE_F_MORE @summed */
  __u64 overflows;   /* CQEs that did not fit into the completion queue @summed */
  __u64 dropped;     /* CQEs of `overflows` that the kernel lost for lack of memory @summed */
  __u64 skipped;     /* requests that ended without a CQE (CQE_SKIP_SUCCESS) @summed */
  __u64 bytes;       /* sum of the positive results of CQEs that name their request */
  __u64 unmeasured;  /* ended requests whose latency is unknown @summed */
  __u64 latency_sum; /* sum of `latencies` @unit ns */
  /* alternately an errno and the number of requests that ended with this errno @pairs errors */
  __u32 errors;
  /* alternately a latency bucket (128 per power of two; exact up to 255) and its number of requests @pairs latencies */
  __u32 latencies;
};

/*
 * The last record of a recording. A recording without this record was cut off.
 *
 * @title "end of recording" label
 * @closes
 * @plain records lost
 */
struct record_end {
  struct record base;
  __u64 records; /* records before this record */
  __u64 lost;    /* records lost while recording */
};

#endif
