/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The operation of a request: the SQE fields that the kernel's structure still has. */
#pragma once
#include "inventory/request_copy.h"
#include "kernel/ublk.h"

/* Describes a timeout. The kernel keeps its expiry and its length; the difference is its start. */
static __always_inline void describe_timeout(struct record_parked *parked) {
  parked->off = COPIED(struct io_timeout, off);
  parked->known |= RECORD_KNOWS_OFF;
  struct io_timeout_data *data = COPIED(struct io_kiocb, async_data);
  if (!data)
    return;
  __s64 length = 0;
  if (bpf_core_field_exists(struct io_timeout_data___ktime, time)) {
    struct io_timeout_data___ktime *newer = (void *)data;
    length = BPF_CORE_READ(newer, time);
  } else {
    length = BPF_CORE_READ(data, ts.tv_sec) * 1000000000 + BPF_CORE_READ(data, ts.tv_nsec);
  }
  parked->op_flags = BPF_CORE_READ(data, flags);
  parked->known |= RECORD_KNOWS_FLAGS;
  if (parked->op_flags & IORING_TIMEOUT_MULTISHOT)
    parked->known |= RECORD_KNOWS_MULTISHOT;
  if (parked->op_flags & (IORING_TIMEOUT_ABS | IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME))
    return;
  if (parked->place != RECORD_PLACE_TIMEOUT && parked->place != RECORD_PLACE_LINK_TIMEOUT)
    return; /* the timeout has not started */
  parked->expires_ns = BPF_CORE_READ(data, timer._softexpires);
  if (!(parked->op_flags & IORING_TIMEOUT_MULTISHOT)) {
    parked->since_ns = parked->expires_ns - length;
    parked->known |= RECORD_KNOWS_START;
  }
}

static __always_inline void describe_transfer(struct record_parked *parked) {
  parked->off = COPIED(struct io_rw, kiocb.ki_pos);
  parked->addr = COPIED(struct io_rw, addr);
  parked->len = COPIED(struct io_rw, len);
  parked->op_flags = COPIED(struct io_rw, flags);
  parked->known |= RECORD_KNOWS_OFF | RECORD_KNOWS_ADDR | RECORD_KNOWS_LEN | RECORD_KNOWS_FLAGS;
  if (!(parked->flags & IOSQE_BUFFER_SELECT_BIT))
    parked->known |= RECORD_KNOWS_BUFFER;
}

static __always_inline void describe_message(struct record_parked *parked) {
  parked->addr = (__u64)COPIED(struct io_sr_msg, buf);
  parked->len = COPIED(struct io_sr_msg, len);
  parked->op_flags = COPIED(struct io_sr_msg, msg_flags);
  parked->known |= RECORD_KNOWS_ADDR | RECORD_KNOWS_LEN | RECORD_KNOWS_FLAGS;
  if (parked->flags & IOSQE_BUFFER_SELECT_BIT) {
    parked->buf_index = COPIED(struct io_sr_msg, buf_group);
    parked->known |= RECORD_KNOWS_BUFFER;
  }
}

/* Returns queue and tag of a waiting ublk command, in the format of record_parked.ublk. */
static __always_inline __u32 ublk_slot(void) {
  if (!bpf_core_type_exists(struct ublk_uring_cmd_pdu___waiting))
    return 0;
  char *pdu = (char *)copy_words + bpf_core_field_offset(struct io_uring_cmd, pdu);
  struct ublk_queue *queue =
      *(struct ublk_queue **)(pdu + bpf_core_field_offset(struct ublk_uring_cmd_pdu___waiting, ubq));
  __u16 tag = *(__u16 *)(pdu + bpf_core_field_offset(struct ublk_uring_cmd_pdu___waiting, tag));
  return queue ? 1U << 31 | (BPF_CORE_READ(queue, q_id) & 0x7fff) << 16 | tag : 0;
}

static __always_inline void describe_operation(struct record_parked *parked) {
  switch (parked->base.opcode) {
    case OP_READV:
    case OP_WRITEV:
    case OP_READ_FIXED:
    case OP_WRITE_FIXED:
    case OP_READ:
    case OP_WRITE:
    case OP_READ_MULTISHOT:
    case OP_READV_FIXED:
    case OP_WRITEV_FIXED:
      describe_transfer(parked);
      if (parked->base.opcode == OP_READ_MULTISHOT)
        parked->known |= RECORD_KNOWS_MULTISHOT;
      break;
    case OP_SENDMSG:
    case OP_RECVMSG:
    case OP_SEND:
    case OP_RECV:
      describe_message(parked);
      break;
    case OP_SEND_ZC:
    case OP_SENDMSG_ZC:
      describe_message(parked);
      parked->notif = (__u64)COPIED(struct io_sr_msg, notif);
      break;
    case OP_POLL_ADD:
      parked->poll_events = COPIED(struct io_poll, events);
      parked->op_flags = parked->poll_events & 0xffff;
      parked->known |= RECORD_KNOWS_FLAGS;
      if (!(parked->poll_events & POLL_ONE_SHOT))
        parked->known |= RECORD_KNOWS_MULTISHOT;
      break;
    case OP_TIMEOUT:
    case OP_LINK_TIMEOUT:
      describe_timeout(parked);
      if (parked->place == RECORD_PLACE_LINK_TIMEOUT)
        parked->behind = (__u64)COPIED(struct io_timeout, head);
      break;
    case OP_URING_CMD:
      parked->off = COPIED(struct io_uring_cmd, cmd_op);
      parked->known |= RECORD_KNOWS_OFF;
      if (parked->place == RECORD_PLACE_COMMAND && UBLK_PDU_HAS_TAG(parked->off))
        parked->ublk = ublk_slot();
      break;
    case OP_ACCEPT:
      parked->addr = (__u64)COPIED(struct io_accept, addr);
      parked->known |= RECORD_KNOWS_ADDR;
      break;
    case OP_CONNECT:
      parked->addr = (__u64)COPIED(struct io_connect, addr);
      parked->known |= RECORD_KNOWS_ADDR;
      break;
    case OP_FSYNC:
    case OP_SYNC_FILE_RANGE:
      parked->off = COPIED(struct io_sync, off);
      parked->len = COPIED(struct io_sync, len);
      parked->op_flags = COPIED(struct io_sync, flags);
      parked->known |= RECORD_KNOWS_OFF | RECORD_KNOWS_LEN | RECORD_KNOWS_FLAGS;
      break;
    case OP_FALLOCATE: /* the SQE has the length in addr */
      parked->off = COPIED(struct io_sync, off);
      parked->addr = COPIED(struct io_sync, len);
      parked->known |= RECORD_KNOWS_OFF | RECORD_KNOWS_ADDR;
      break;
    case OP_SPLICE:
    case OP_TEE:
      parked->off = COPIED(struct io_splice, off_out);
      parked->len = COPIED(struct io_splice, len);
      parked->op_flags = COPIED(struct io_splice, flags);
      parked->known |= RECORD_KNOWS_OFF | RECORD_KNOWS_LEN | RECORD_KNOWS_FLAGS;
      break;
    case OP_FUTEX_WAIT:
    case OP_FUTEX_WAKE:
    case OP_FUTEX_WAITV:
      if (bpf_core_type_exists(struct io_futex)) {
        parked->addr = (__u64)COPIED(struct io_futex, uaddr);
        parked->known |= RECORD_KNOWS_ADDR;
        if (parked->base.opcode == OP_FUTEX_WAIT) {
          parked->off = COPIED(struct io_futex, futex_val);
          parked->known |= RECORD_KNOWS_OFF;
        }
        if (parked->base.opcode == OP_FUTEX_WAITV) {
          parked->len = COPIED(struct io_futex, futex_nr);
          parked->known |= RECORD_KNOWS_LEN;
        }
      }
      break;
    case OP_WAITID:
      if (bpf_core_type_exists(struct io_waitid)) {
        parked->len = COPIED(struct io_waitid, which);
        parked->known |= RECORD_KNOWS_LEN;
      }
      break;
  }
}
