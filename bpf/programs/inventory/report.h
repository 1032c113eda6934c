/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Writes the record of one request that a walk has reached. */
#pragma once
#include "common/file_identity.h"
#include "inventory/held_buffer.h"
#include "inventory/operation.h"

/* The ring that requests must belong to; 0: any wanted ring (in `targets`). */
__u64 only_ring = 0;

/*
 * Files of requests whose descriptor is unknown, and for each file the first descriptor that inventory_descriptors has
 * found: process << 32 | descriptor, or NO_DESCRIPTOR. A descriptor can be unknown because the first CQE of a multishot
 * request overwrites the descriptor in the io_kiocb.
 */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1 << 14);
  __type(key, __u64);
  __type(value, __u64);
} sought_files SEC(".maps");
#define NO_DESCRIPTOR (~0ULL)

static __always_inline void seek_descriptor(__u64 file) {
  __u64 none = NO_DESCRIPTOR;
  if (file)
    bpf_map_update_elem(&sought_files, &file, &none, BPF_NOEXIST);
}

/* Describes the request's file, and its descriptor if the descriptor still refers to the file. */
static __always_inline void describe_file(struct record_parked *parked) {
  /* once there is a result, this word of the io_kiocb contains the CQE's flags */
  parked->fd = COPIED(struct io_kiocb, cqe.fd);
  if (parked->base.opcode == OP_WAITID && bpf_core_type_exists(struct io_waitid))
    parked->fd = COPIED(struct io_waitid, upid); /* as in the SQE; it is not a descriptor */
  __u64 file = (__u64)COPIED(struct io_kiocb, cmd.file);
  /*
   * a request that waits behind another gets its file when it is issued, so `file` is NULL until then; up to 6.1 this
   * holds only for registered files
   */
  bool is_assigned = opcode_has_file(parked->base.opcode);
  describe_identity(&parked->file, is_assigned ? (struct file *)file : NULL);
  if (parked->place == RECORD_PLACE_LINKED || parked->place == RECORD_PLACE_DEFERRED) {
    parked->known |= RECORD_KNOWS_FD;
  } else if (parked->flags & IOSQE_FIXED_FILE_BIT) {
    if (parked->place != RECORD_PLACE_TASK_WORK)
      parked->known |= RECORD_KNOWS_FD;
    seek_descriptor((__u64)parked->file.file);
  } else if (file && is_assigned) {
    if ((__u32)parked->fd < files_count && read_pointer(files_table + (__u64)(__u32)parked->fd * 8) == file)
      parked->known |= RECORD_KNOWS_FD;
    else
      seek_descriptor(file);
  }
}

/* The socket whose packets are being walked, and the descriptor that led to it. */
struct {
  __u64 file;
  __u32 tgid;
  __s32 fd;
} sender = {};

/*
 * True for a notification of a zero-copy send that has references: a NOP without a file. In a chain of notifications,
 * the first counts the references.
 */
static __always_inline bool is_notification(__u64 req) {
  if (COPIED(struct io_kiocb, opcode) != OP_NOP || COPIED(struct io_kiocb, cmd.file))
    return false;
  struct io_notif_data *data = (void *)req;
  if (bpf_core_field_exists(struct io_notif_data___chain, head))
    data = BPF_CORE_READ((struct io_notif_data___chain *)req, head);
  return BPF_CORE_READ(data, uarg.refcnt.refs.counter) > 0;
}

static __always_inline void describe_sender(struct record_parked *parked) {
  parked->base.opcode = OP_SEND_ZC;
  parked->buf_index = 0;
  describe_identity(&parked->file, (struct file *)sender.file);
  parked->fd = sender.fd;
  if (sender.tgid == files_tgid && sender.fd >= 0)
    parked->known |= RECORD_KNOWS_FD;
  else
    seek_descriptor(sender.file);
}

/*
 * Reports the file that a SPLICE or TEE reads from. The request does not contain a pointer to the file, so this reports
 * the file that the descriptor or index refers to now.
 */
static __always_inline void report_input(__u64 ring, __u64 req) {
  __u32 number = COPIED(struct io_splice, splice_fd_in);
  struct file *file = NULL;
  if (COPIED(struct io_splice, flags) & SPLICE_F_FD_IN_FIXED)
    file = registered_file((struct io_ring_ctx *)ring, number);
  else if (number < files_count)
    file = (struct file *)read_pointer(files_table + (__u64)number * 8);
  struct record_request_file *record = file ? next_slot() : NULL;
  if (!record)
    return;
  fill_header(&record->base, RECORD_REQUEST_FILE, sizeof(*record), ring, req);
  record->base.opcode = COPIED(struct io_kiocb, opcode);
  record->fd = number;
  record->is_input = 1;
  record->is_submitted = 0;
  record->is_derived = 1;
  record->is_fixed = !!(COPIED(struct io_splice, flags) & SPLICE_F_FD_IN_FIXED);
  describe_identity(&record->file, file);
}

/*
 * Copies a request and writes its record. False if the request belongs to no wanted ring.
 *
 * Global, like every non-static function here, so that the verifier checks it once rather than at each call.
 */
__noinline int report(__u64 req, __u64 behind, __u32 place, __u32 tid) {
  if (!copy_request(req))
    return 0;
  __u64 ring = (__u64)COPIED(struct io_kiocb, ctx);
  if (only_ring) {
    if (ring != only_ring)
      return 0;
  } else if (!bpf_map_lookup_elem(&targets, &ring)) {
    return 0;
  }
  if (place == RECORD_PLACE_NETWORK && !is_notification(req))
    return 0;
  struct record_parked *parked = next_slot();
  if (!parked)
    return 1;
  fill_header(&parked->base, RECORD_PARKED, sizeof(*parked), ring, req);
  parked->base.time_ns = walk_ns;
  parked->base.tid = tid;
  parked->base.opcode = COPIED(struct io_kiocb, opcode);
  parked->since_ns = walk_ns;
  parked->behind = behind;
  parked->flags = flags_of_copy();
  parked->user_data = COPIED(struct io_kiocb, cqe.user_data);
  parked->off = 0;
  parked->addr = 0;
  parked->expires_ns = 0;
  parked->len = 0;
  parked->op_flags = 0;
  parked->poll_events = 0;
  parked->buf_index = COPIED(struct io_kiocb, buf_index);
  parked->place = place;
  parked->known = parked->flags & config.req_f_multishot ? RECORD_KNOWS_MULTISHOT : 0;
  parked->ublk = 0;
  parked->notif = 0;

  struct task_struct *task = owner_of_copy();
  take_owner(task);
  parked->tgid = files_tgid;
  parked->submitter_tid = files_tid;
  if (files_ran_ns && files_ran_ns < parked->since_ns)
    parked->since_ns = files_ran_ns;
  if (place == RECORD_PLACE_NETWORK) {
    describe_sender(parked);
    return 1;
  }
  describe_operation(parked);

  if (place == RECORD_PLACE_POLL && parked->base.opcode != OP_POLL_ADD) {
    struct io_poll *poll = (void *)COPIED(struct io_kiocb, apoll);
    parked->poll_events = BPF_CORE_READ(poll, events);
  }

  describe_file(parked);
  if (parked->base.opcode == OP_SPLICE || parked->base.opcode == OP_TEE)
    report_input(ring, req);
  report_held_buffer(ring, req);
  return 1;
}
