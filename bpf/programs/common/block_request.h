/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Block requests, including those that a ublk server handles. */
#pragma once
#include "kernel/disks.h"

static __always_inline void fill_block(struct record_block *to, struct request *request) {
  __builtin_memset(to, 0, sizeof(*to));
  struct gendisk *disk = BPF_CORE_READ(request, q, disk);
  bpf_core_read_str(to->disk, sizeof(to->disk), &disk->disk_name);
  to->request = (__u64)request;
  to->sector = BPF_CORE_READ(request, __sector);
  to->length = BPF_CORE_READ(request, __data_len);
  to->operation = BPF_CORE_READ(request, cmd_flags) & 0xff;
  to->queue = BPF_CORE_READ(request, mq_hctx, queue_num);
  to->tag = BPF_CORE_READ(request, tag);
}

/* Describes the block request behind a ublk buffer or command. False if the pointer is not a request of a ublk disk. */
static __always_inline bool describe_block(struct record_block *to, void *pointer) {
  __u32 prefix = 0;
  fill_block(to, pointer);
  __builtin_memcpy(&prefix, to->disk, sizeof(prefix));
  if (prefix != ('u' | 'b' << 8 | 'l' << 16 | 'k' << 24)) {
    __builtin_memset(to, 0, sizeof(*to));
    return false;
  }
  return true;
}
