#include <liburing.h>

#include "CURing.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(sizeof(struct curing_ublk_control) == 32, "ABI");
_Static_assert(sizeof(struct curing_ublk_io) == 16, "ABI");
_Static_assert(sizeof(struct curing_ublk_device) == 80 - 16, "ABI");
_Static_assert(sizeof(struct curing_ublk_descriptor) == 24, "ABI");
_Static_assert(offsetof(struct curing_ublk_parameters, sectors) == 24, "ABI");
_Static_assert(offsetof(struct curing_ublk_parameters, discard_alignment) == 40, "ABI");

_Static_assert((int)CURING_OP_SEND_ZC == (int)IORING_OP_SEND_ZC, "ABI");
_Static_assert((int)CURING_OP_URING_CMD == (int)IORING_OP_URING_CMD, "ABI");
_Static_assert((int)CURING_OP_WRITE == (int)IORING_OP_WRITE, "ABI");
_Static_assert((int)CURING_OP_RECV == (int)IORING_OP_RECV, "ABI");
_Static_assert((int)CURING_OP_FALLOCATE == (int)IORING_OP_FALLOCATE, "ABI");
_Static_assert((int)CURING_OP_ASYNC_CANCEL == (int)IORING_OP_ASYNC_CANCEL, "ABI");

int curing_open(unsigned entries, unsigned setup, struct io_uring **ring) {
  struct io_uring *made = calloc(1, sizeof(*made));
  if (!made)
    return -ENOMEM;
  int status = io_uring_queue_init(entries, made, setup);
  if (status) {
    free(made);
    return status;
  }
  *ring = made;
  return 0;
}

void curing_close(struct io_uring *ring) {
  io_uring_queue_exit(ring);
  free(ring);
}

int curing_descriptor(const struct io_uring *ring) {
  return ring->ring_fd;
}

unsigned curing_space(const struct io_uring *ring) {
  return io_uring_sq_space_left(ring);
}

int curing_submit(struct io_uring *ring) {
  int status = io_uring_submit(ring);
  return status < 0 ? status : 0;
}

int curing_register_sparse_buffers(struct io_uring *ring, unsigned count) {
  return io_uring_register_buffers_sparse(ring, count);
}

int curing_register_buffers(struct io_uring *ring, uint64_t address, size_t size, unsigned count) {
  struct iovec *parts = calloc(count, sizeof(*parts));
  if (!parts)
    return -ENOMEM;
  for (unsigned i = 0; i < count; i++) {
    parts[i].iov_base = (void *)(uintptr_t)(address + i * size);
    parts[i].iov_len = size;
  }
  int status = io_uring_register_buffers(ring, parts, count);
  free(parts);
  return status;
}

int curing_unregister_buffers(struct io_uring *ring) {
  return io_uring_unregister_buffers(ring);
}

int curing_push(struct io_uring *ring, const struct curing_request *request) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
  if (!sqe)
    return 0;
  size_t size = ring->flags & IORING_SETUP_SQE128 ? 2 * sizeof(*sqe) : sizeof(*sqe);
  memset(sqe, 0, size);
  sqe->opcode = request->opcode;
  sqe->flags = request->flags;
  sqe->ioprio = request->ioprio;
  sqe->fd = request->fd;
  sqe->addr = request->address;
  sqe->len = request->length;
  sqe->rw_flags = (int)request->op_flags;
  sqe->user_data = request->user_data;
  sqe->buf_index = request->buffer;
  if (request->opcode == IORING_OP_URING_CMD) {
    sqe->cmd_op = request->command;
    memcpy(sqe->cmd, request->payload, request->words * sizeof(request->payload[0]));
  } else {
    sqe->off = request->offset;
  }
  return 1;
}

int curing_pop(struct io_uring *ring, uint64_t *user_data, int32_t *result, uint32_t *flags) {
  struct io_uring_cqe *cqe;
  if (io_uring_peek_cqe(ring, &cqe) || !cqe)
    return 0;
  *user_data = cqe->user_data;
  *result = cqe->res;
  *flags = cqe->flags;
  io_uring_cqe_seen(ring, cqe);
  return 1;
}

int curing_submit_and_wait(struct io_uring *ring, uint64_t nanoseconds) {
  struct io_uring_cqe *cqe;
  struct __kernel_timespec limit = {
      .tv_sec = (long long)(nanoseconds / 1000000000),
      .tv_nsec = (long long)(nanoseconds % 1000000000),
  };
  int status = io_uring_submit_and_wait_timeout(ring, &cqe, 1, &limit, NULL);
  return status < 0 ? status : 0;
}

int curing_memory_file(const char *name) {
  return memfd_create(name, MFD_CLOEXEC);
}

int curing_pipe(int ends[2], int *capacity) {
  if (pipe2(ends, O_CLOEXEC))
    return -1;
  *capacity = fcntl(ends[1], F_SETPIPE_SZ, *capacity);
  return 0;
}

int curing_direct_flag(void) {
  return O_DIRECT;
}

int curing_thread_id(void) {
  return gettid();
}
