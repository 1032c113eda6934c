/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Commands of ublk servers: the device, and the block request that the command delivers. */
#pragma once
#include "common/block_request.h"
#include "common/output.h"
#include "kernel/commands.h"
#include "kernel/ublk.h"

/* The driver's data in a ublk command (include/linux/io_uring/cmd.h and drivers/block/ublk_drv.c). */
struct ublk_uring_cmd_pdu {
  void *request;
  void *queue;
  __u16 tag;
};

/* Describes the block request that the server now has under the command's tag. */
static __always_inline void describe_delivery(
    struct record_command *record, struct ublk_queue *queue, __u16 tag) {
  struct ublk_io *io = (void *)queue + bpf_core_field_offset(struct ublk_queue, ios) +
                       tag * bpf_core_type_size(struct ublk_io);
  __u32 flags = BPF_CORE_READ(io, flags);
  if (!bpf_core_field_exists(io->req) || !(flags & UBLK_IO_FLAG_OWNED_BY_SRV) ||
      !describe_block(&record->block, BPF_CORE_READ(io, req)))
    return;
  record->block.io_flags = flags;
}

/* Records a completed ublk command. */
CHECKED_ONCE int note_command(__u64 request, __u32 opcode) {
  struct io_kiocb *req = (void *)request;
  struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);
  struct io_uring_cmd *command = (void *)&req->cmd;
  __u32 operation = BPF_CORE_READ(command, cmd_op);
  if (!IS_UBLK_IO(operation))
    return 0;
  struct record_command *record = RESERVE(record_command, RECORD_COMMAND, ring, req, opcode);
  if (!record)
    return 0;
  struct ublk_device *device = BPF_CORE_READ(req, file, private_data);
  record->device = (__u64)device;
  record->command = operation;
  record->flags = 0;
  if (bpf_core_type_exists(struct ublk_device))
    record->flags = BPF_CORE_READ(device, dev_info.flags);
  struct ublk_uring_cmd_pdu pdu = {};
  if (UBLK_PDU_HAS_TAG(operation))
    bpf_core_read(&pdu, sizeof(pdu), &command->pdu);
  __builtin_memset(&record->block, 0, sizeof(record->block));
  if (pdu.queue && bpf_core_type_exists(struct ublk_queue))
    describe_delivery(record, pdu.queue, pdu.tag);
  /* on 6.17, only one of the commands queued together has a valid pdu.request; in the others it is stale */
  else if (pdu.request && describe_block(&record->block, pdu.request) && record->block.tag != pdu.tag)
    __builtin_memset(&record->block, 0, sizeof(record->block));
  submit_record(record);
  return 0;
}
