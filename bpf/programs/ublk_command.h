/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Commands of ublk servers: which device's they are, and which block request they bring. */
#pragma once
#include "block_request.h"
#include "kernel_types.h"
#include "output.h"
#include "ublk_types.h"

/* include/linux/io_uring/cmd.h and drivers/block/ublk_drv.c: what the driver keeps in the command */
struct ublk_uring_cmd_pdu {
  void *request;
  void *queue;
  __u16 tag;
};

/* The request that the server has now under the command's tag. */
static __always_inline void describe_delivery(
    struct record_command *record, struct ublk_queue *queue, __u16 tag) {
  struct ublk_io *io = (void *)queue + bpf_core_field_offset(struct ublk_queue, ios) +
      tag * bpf_core_type_size(struct ublk_io);
  __u32 flags = BPF_CORE_READ(io, flags);
  record->flags = BPF_CORE_READ(queue, flags);
  /* 6.12 keeps the request elsewhere */
  if (!bpf_core_field_exists(io->req) || !(flags & UBLK_IO_FLAG_OWNED_BY_SRV) ||
      !describe_block(&record->block, BPF_CORE_READ(io, req)))
    return;
  record->block.io_flags = flags;
}

/* A command of ublk completes: which device's, and the block request that it brings. */
static __noinline void note_command(struct io_ring_ctx *ring, void *pointer, __u8 opcode) {
  struct io_kiocb *req = pointer;
  struct io_uring_cmd *command = (void *)&req->cmd;
  __u32 number = BPF_CORE_READ(command, cmd_op);
  if (!IS_UBLK(number))
    return;
  struct record_command *record = RESERVE(record_command, RECORD_COMMAND, ring, req, opcode);
  if (!record)
    return;
  record->device = (__u64)BPF_CORE_READ(req, file, private_data);
  record->command = number;
  struct ublk_uring_cmd_pdu pdu = {};
  bpf_core_read(&pdu, sizeof(pdu), &command->pdu);
  record->flags = 0;
  __builtin_memset(&record->block, 0, sizeof(record->block));
  if (pdu.queue && bpf_core_type_exists(struct ublk_queue))
    describe_delivery(record, pdu.queue, pdu.tag);
  /* Several that are queued at once have only one such pointer (6.17): the others' is an old one. */
  else if (pdu.request && describe_block(&record->block, pdu.request) &&
           record->block.tag != pdu.tag)
    __builtin_memset(&record->block, 0, sizeof(record->block));
  submit_record(record);
}
