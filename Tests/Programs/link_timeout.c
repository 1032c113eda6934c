// Three LINK_TIMEOUTs: one expires; one is cancelled because its read receives data in time; one is linked behind a
// request that completes at once.
#include "program.h"

static char buffer[64];
static struct __kernel_timespec soon = {.tv_nsec = 50 * 1000000}, late = {.tv_sec = 60};

static uint64_t guard(struct ring *ring, struct __kernel_timespec *time) {
  struct io_uring_sqe *timeout = sqe(ring);
  io_uring_prep_link_timeout(timeout, time, 0);
  return timeout->user_data;
}

static uint64_t read_pipe(struct ring *ring, int fd) {
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read(read, fd, buffer, sizeof buffer, 0);
  read->flags = IOSQE_IO_LINK;
  return read->user_data;
}

int main(int argc, char **argv) {
  begin("link_timeout", &argc, argv);
  struct ring *ring = open_ring(16, 0);
  int idle[2], busy[2];
  make_pipe(idle);
  make_pipe(busy);

  uint64_t expires[] = {read_pipe(ring, idle[0]), guard(ring, &soon)};
  submit(ring);
  reap_all(ring);
  struct io_uring_sqe *nop = sqe(ring);
  io_uring_prep_nop(nop);
  nop->flags = IOSQE_IO_LINK;
  uint64_t at_once[] = {nop->user_data, guard(ring, &late)};
  submit(ring);
  reap_all(ring);
  uint64_t in_time[] = {read_pipe(ring, busy[0]), guard(ring, &late)};
  submit(ring);
  hold();
  put(busy[1], "data");
  reap_all(ring);

  expect(expires[0], -ECANCELED);
  expect(expires[1], -ETIME);
  expect(at_once[0], 0);
  expect(at_once[1], -ECANCELED);
  expect(in_time[0], 4);
  expect(in_time[1], -ECANCELED);
  say("\"expired\":1,\"disarmed\":2");
  return finish();
}
