// Cancels requests with ASYNC_CANCEL by user_data, by fd (all matches) and with IORING_ASYNC_CANCEL_ANY, and a timeout
// with TIMEOUT_REMOVE. One ASYNC_CANCEL matches no request.
#include "program.h"

static uint64_t park(struct ring *ring, int fd) {
  static char buffer[64];
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read(read, fd, buffer, sizeof buffer, 0);
  return read->user_data;
}

static uint64_t poll_in(struct ring *ring, int fd) {
  struct io_uring_sqe *poll = sqe(ring);
  io_uring_prep_poll_add(poll, fd, POLLIN);
  return poll->user_data;
}

int main(int argc, char **argv) {
  static struct __kernel_timespec minute = {.tv_sec = 60};
  begin("cancel", &argc, argv);
  struct ring *ring = open_ring(32, 0);
  int one[2], other[2];
  make_pipe(one);
  make_pipe(other);
  uint64_t by_data = park(ring, one[0]);
  uint64_t by_fd[] = {poll_in(ring, other[0]), poll_in(ring, other[0]), park(ring, other[0])};
  struct io_uring_sqe *timeout = sqe(ring);
  uint64_t timed = timeout->user_data;
  io_uring_prep_timeout(timeout, &minute, 0, 0);
  uint64_t any[] = {poll_in(ring, one[0]), park(ring, one[0])};
  submit(ring);
  hold();

  struct io_uring_sqe *cancel = sqe(ring);
  uint64_t cancel_data = cancel->user_data;
  io_uring_prep_cancel64(cancel, by_data, 0);
  submit(ring);
  reap_done(ring, by_data);
  cancel = sqe(ring);
  uint64_t cancel_fd = cancel->user_data;
  io_uring_prep_cancel_fd(cancel, other[0], IORING_ASYNC_CANCEL_ALL);
  submit(ring);
  reap_done(ring, by_fd[2]);
  cancel = sqe(ring);
  uint64_t cancel_none = cancel->user_data;
  io_uring_prep_cancel64(cancel, 0xdead, 0);
  struct io_uring_sqe *remove = sqe(ring);
  uint64_t removed = remove->user_data;
  io_uring_prep_timeout_remove(remove, timed, 0);
  submit(ring);
  reap_done(ring, timed);
  cancel = sqe(ring);
  uint64_t cancel_any = cancel->user_data;
  io_uring_prep_cancel64(cancel, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  submit(ring);
  reap_all(ring);

  expect(by_data, -ECANCELED);
  expect(cancel_data, 0);
  for (int i = 0; i < 3; i++)
    expect(by_fd[i], -ECANCELED);
  expect(cancel_fd, 3);
  expect(cancel_none, -ENOENT);
  expect(timed, -ECANCELED);
  expect(removed, 0);
  expect(any[0], -ECANCELED);
  expect(any[1], -ECANCELED);
  expect(cancel_any, 2);
  say("\"cancelled\":7");
  return finish();
}
