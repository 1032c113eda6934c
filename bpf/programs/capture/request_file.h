/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The record of a request's file, where io_uring_file_get does not report it. */
#pragma once
#include "common/file_identity.h"
#include "common/output.h"

static __always_inline bool has_registered_file(struct io_kiocb *req) {
  return req->flags & IOSQE_FIXED_FILE_BIT && opcode_has_file(req->opcode);
}

static __always_inline void write_request_file(
    void *ring, struct io_kiocb *req, __u8 opcode, struct file *file, __s32 fd, bool is_submitted) {
  if (!file)
    return;
  struct record_request_file *record = RESERVE(record_request_file, RECORD_REQUEST_FILE, ring, req, opcode);
  if (!record)
    return;
  record->fd = fd;
  record->is_input = 0;
  record->is_submitted = is_submitted;
  record->is_derived = 0;
  record->is_fixed = 1;
  describe_identity(&record->file, file);
  submit_record(record);
}

/*
 * Records the registered file at submission. The kernel looks the file up when it issues the request. It issues the
 * request right after the submission, without releasing the ring's lock, unless the request waits behind another.
 */
static __always_inline void note_submitted_file(struct io_ring_ctx *ring, struct io_kiocb *req, __u8 opcode) {
  __u32 index = req->cqe.fd;
  write_request_file(ring, req, opcode, registered_file(ring, index), index, true);
}

/*
 * Records the registered file that the request holds. This is the file recorded at submission, unless the request
 * waited behind another request.
 */
static __always_inline void note_file(void *ring, struct io_kiocb *req, __u8 opcode) {
  if (has_registered_file(req))
    write_request_file(ring, req, opcode, LOAD(req, struct io_kiocb, cmd.file), -1, false);
}
