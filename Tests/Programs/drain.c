// Submits a request with IOSQE_IO_DRAIN behind a read that waits: the kernel defers this request and all later ones.
#include "program.h"

int main(int argc, char **argv) {
  static char buffer[64];
  begin("drain", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int fds[2];
  make_pipe(fds);
  struct io_uring_sqe *read = sqe(ring);
  uint64_t first = read->user_data;
  io_uring_prep_read(read, fds[0], buffer, sizeof buffer, 0);
  struct io_uring_sqe *nop = sqe(ring);
  io_uring_prep_nop(nop);
  nop->flags = IOSQE_IO_DRAIN;
  uint64_t drained = nop->user_data;
  io_uring_prep_nop(sqe(ring));
  io_uring_prep_nop(sqe(ring));
  submit(ring);
  check(!io_uring_cq_ready(&ring->uring), "the drain did not hold the requests back");
  hold();
  put(fds[1], "go");
  reap_all(ring);
  expect(first, 2);
  expect(drained, 0);
  say("\"deferred\":3");
  return finish();
}
