/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Records calls of io_uring_register that change buffers. */
#pragma once
#include "common/buffer_table.h"

/*
 * Records the call's argument (io_uring_rsrc_update2, io_uring_buf_reg or io_uring_clone_buffers). Of an
 * io_uring_rsrc_update2, returns the first slot in the low half and the number of slots in the high half.
 */
static __always_inline __u64 emit_register_argument(void *ring, __u32 opcode) {
  struct pt_regs *registers = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
#if defined(__TARGET_ARCH_x86)
  void *argument = (void *)BPF_CORE_READ(registers, dx);
  __u32 nr_args = BPF_CORE_READ(registers, r10);
#else
  void *argument = (void *)BPF_CORE_READ(registers, regs[2]);
  __u32 nr_args = BPF_CORE_READ(registers, regs[3]);
#endif
  struct record_register_argument *record =
      RESERVE(record_register_argument, RECORD_REGISTER_ARGUMENT, ring, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 0;
  record->opcode = opcode;
  record->nr_args = nr_args;
  __builtin_memset(record->words, 0, sizeof(record->words));
  bpf_probe_read_user(record->words, sizeof(record->words), argument);
  __u32 first = record->words[0];
  __u32 count = record->words[3];
  submit_record(record);
  return (__u64)count << 32 | first;
}

static __always_inline void note_registration(void *ring, __u32 opcode, long result) {
  switch (opcode) {
    case IORING_REGISTER_BUFFERS:
    case IORING_UNREGISTER_BUFFERS:
    case IORING_REGISTER_BUFFERS2:
      if (result >= 0)
        emit_table(ring, ALL_SLOTS, 0, opcode);
      break;
    case IORING_REGISTER_BUFFERS_UPDATE: {
      __u64 range = emit_register_argument(ring, opcode);
      if (result > 0)
        emit_table(ring, (__u32)range, result, opcode);
      break;
    }
    case IORING_REGISTER_CLONE_BUFFERS:
      emit_register_argument(ring, opcode);
      if (result >= 0)
        emit_table(ring, ALL_SLOTS, 0, opcode);
      break;
    case IORING_REGISTER_PBUF_RING:
    case IORING_UNREGISTER_PBUF_RING:
      emit_register_argument(ring, opcode);
      break;
  }
}
