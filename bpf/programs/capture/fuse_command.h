/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * FUSE zero copy (7.3, fs/fuse/dev_uring.c): commands of FUSE servers that deliver a FUSE request whose pages are in a
 * slot of the ring's buffer table. The types of the FUSE module are known only if it was loaded before the BPF
 * programs.
 */
#pragma once
#include "common/buffers.h"
#include "kernel/disks.h"

/*
 * Character device 10, 229 (include/linux/miscdevice.h). No block device has the major number 10, so the number alone
 * identifies /dev/fuse.
 */
#define FUSE_DEVICE (10 << 20 | 229)

/* FUSE_IO_URING_CMD_*. The other commands, ADD_QUEUE and ADD_BUFPOOL, deliver no request. */
#define FUSE_REGISTER 1
#define FUSE_COMMIT_AND_FETCH 2

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct fuse_in_header {
  __u32 opcode;
  __u64 unique;
  __u64 nodeid;
};

/* fuse_write_in begins with the same fields. */
struct fuse_read_in {
  __u64 offset;
  __u32 size;
};

struct fuse_in_arg {
  const void *value;
};

struct fuse_args {
  struct fuse_in_arg in_args[4];
};

struct fuse_req {
  struct fuse_args *args;
  struct {
    struct fuse_in_header h;
  } in;
};

struct fuse_ring_queue {
  unsigned int qid;
};

struct fuse_ring_ent {
  bool zero_copied;
  unsigned int zero_copy_index;
  struct fuse_ring_queue *queue;
  struct fuse_req *fuse_req;
};

#pragma clang attribute pop

/*
 * True for a command that delivers a FUSE request. Other drivers also use the small numbers of the commands, so the
 * device number of the file decides.
 */
static __always_inline bool is_fuse_fetch(struct io_kiocb *req, __u32 command) {
  if (command != FUSE_REGISTER && command != FUSE_COMMIT_AND_FETCH)
    return false;
  return BPF_CORE_READ(req, file, f_inode, i_rdev) == FUSE_DEVICE;
}

/* Records the FUSE request that a completed command delivers, if its pages were lent. */
CHECKED_ONCE int note_fuse_request(__u64 number_of_request, __u32 opcode) {
  if (!bpf_core_type_exists(struct fuse_ring_ent) ||
      !bpf_core_field_exists(struct fuse_ring_ent, zero_copied))
    return 0;
  struct io_kiocb *req = (void *)number_of_request;
  struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);
  struct io_uring_cmd *command = (void *)&req->cmd;
  __u32 number = BPF_CORE_READ(command, cmd_op);
  /* the driver's data (pdu) of a failed command can refer to another command's entry */
  if (!is_fuse_fetch(req, number) || BPF_CORE_READ(req, cqe.res))
    return 0;
  struct fuse_ring_ent *entry = NULL;
  bpf_core_read(&entry, sizeof(entry), &command->pdu);
  if (!BPF_CORE_READ(entry, zero_copied))
    return 0;
  __u32 index = BPF_CORE_READ(entry, zero_copy_index);
  struct io_rsrc_node *node = node_in_slot(ring, index);
  void *buffer = node ? BPF_CORE_READ(node, buf) : NULL;
  if (!buffer)
    return 0;
  note_symbol((__u64)BPF_CORE_READ((struct io_mapped_ubuf *)buffer, release));
  struct record_fuse_request *record = RESERVE(record_fuse_request, RECORD_FUSE_REQUEST, ring, req, opcode);
  if (!record)
    return 0;
  struct fuse_req *request = BPF_CORE_READ(entry, fuse_req);
  struct fuse_read_in *argument = (void *)BPF_CORE_READ(request, args, in_args[0].value);
  record->unique = BPF_CORE_READ(request, in.h.unique);
  record->node = BPF_CORE_READ(request, in.h.nodeid);
  record->operation = BPF_CORE_READ(request, in.h.opcode);
  record->offset = BPF_CORE_READ(argument, offset);
  record->length = BPF_CORE_READ(argument, size);
  record->command = number;
  record->queue = BPF_CORE_READ(entry, queue, qid);
  describe_buffer(&record->buffer, buffer, node);
  record->buffer.index = index;
  record->buffer.in_table = 1;
  submit_record(record);
  return 0;
}
