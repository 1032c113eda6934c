/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The application's memory, which requests read and write by address. */

#ifdef RECORD_KINDS
// clang-format off
RECORD_MEMORY_CHANGE RECORD_SWIFT_NAME("memoryChange") = 112,
// clang-format on
#else

/* System calls that remove a process's memory. */
// clang-format off
enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("MemoryCall") record_memory_call : __u8 {
  RECORD_MEMORY_FOUND RECORD_SWIFT_NAME("found") = 0, /* found afterwards; the call was not seen @json null */
  RECORD_MEMORY_MUNMAP RECORD_SWIFT_NAME("munmap") = 1,   /* unmapped */
  RECORD_MEMORY_MREMAP RECORD_SWIFT_NAME("mremap") = 2,   /* moved, or shrunk */
  RECORD_MEMORY_MADVISE RECORD_SWIFT_NAME("madvise") = 3, /* contents discarded */
  RECORD_MEMORY_MMAP RECORD_SWIFT_NAME("mmap") = 4,       /* replaced by another mapping, MAP_FIXED */
};
// clang-format on

/*
 * A system call of a watched process unmapped, moved or discarded memory. If `req` is set, no call was seen: a check
 * that began at `time_ns` found that memory of this request is gone. Such a record is valid only if no later record
 * names the request.
 *
 * @title "memory change" label
 * @event
 * @logged
 * @order tgid call address length target advice started_ns is_discarded stack
 * @plain length tgid advice stack
 */
struct record_memory_change {
  struct record base;
  __u64 started_ns; /* when the call began @omit @redact time */
  __u64 address;    /* address of the first byte @hex @redact user */
  __u64 length;     /* size @unit bytes @any */
  __u64 target;     /* mremap: new address; 0 if the mapping only shrank @hex @omit @redact user */
  __u32 tgid;       /* process that lost the memory @json pid */
  __u32 advice;     /* madvise: MADV_* @omit */
  __u32 stack;      /* 1 + id of the caller's user stack; 0 if none was recorded @omit */
  enum record_memory_call call; /* call that removed the memory, null if it was not seen */
  __u8 is_discarded; /* call null: true if mapped, but not to the registered page @json discarded @bool */
  __u8 reserved[2];
};

#endif
