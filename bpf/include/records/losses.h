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
 * Causes of losses.
 *
 * @unknown text
 */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("LossCause") record_loss : __u32 {
  RECORD_LOST_RING_FULL RECORD_SWIFT_NAME("ringBufferFull") = 0, /* the reader fell behind */
  RECORD_LOST_OUTPUT RECORD_SWIFT_NAME("outputStalled") = 1,     /* the recording's disk fell behind */
  RECORD_LOST_NOT_RUN RECORD_SWIFT_NAME("notRun") = 2, /* the kernel skipped a program; at most this many */
  RECORD_LOST_UNCOUNTED RECORD_SWIFT_NAME("uncounted") = 3, /* events without a record found no free counter */
  RECORD_LOST_DAMAGED RECORD_SWIFT_NAME("damaged") = 4, /* a block of the recording cannot be read */
};
// clang-format on

/*
 * Records were lost since the last `lost`.
 *
 * @title "LOST" alarm
 * @logged
 * @plain count
 */
struct record_lost {
  struct record base;
  __u64 count;            /* lost records; of `uncounted`, events @summed */
  enum record_loss cause; /* why they were lost */
  __u32 reserved;
};

/*
 * Counts of a ring's events without a record of their own, by opcode, since the last such record: records were lost, or
 * the request is not in the sample. `opcode` is that of the requests, none for CQEs that name no request. If another
 * ring has the memory of the ring by now, time_ns is the time at which it got it.
 *
 * @title "counts" faint
 * @needs ring
 * @plain submitted failed completed cqes auxiliary overflows dropped skipped bytes unmeasured
 * @plain latency_sum
 */
struct record_counts {
  struct record base;
  __u64 submitted;   /* requests, those that failed in preparation included @summed */
  __u64 failed;      /* requests of `submitted` that failed in preparation @summed */
  __u64 completed;   /* requests that ended with a CQE in the ring @summed */
  __u64 cqes;        /* CQEs posted @summed */
  __u64 auxiliary;   /* CQEs that name no request and are not followed by more @summed */
  __u64 overflows;   /* CQEs in the overflow list @summed */
  __u64 dropped;     /* CQEs of `overflows` lost for lack of memory @summed */
  __u64 skipped;     /* requests that ended without a CQE, as requested @summed */
  __u64 bytes;       /* sum of the positive results of CQEs that name their request */
  __u64 unmeasured;  /* ended requests whose latency is unknown @summed */
  __u64 latency_sum; /* sum of `latencies` @unit ns */
  /* errno and number of requests that ended with it, alternating @pairs errors */
  __u32 errors;
  /* bucket (128 for each power of two; exact up to 255) and number of requests, alternating @pairs latencies */
  __u32 latencies;
};

/*
 * The last record of a recording; without it the recording was cut off.
 *
 * @title "end of recording" label
 * @closes
 * @plain records lost
 */
struct record_end {
  struct record base;
  __u64 records; /* records before this one */
  __u64 lost;    /* records lost while recording */
};

#endif
