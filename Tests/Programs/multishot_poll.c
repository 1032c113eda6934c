// A multishot POLL_ADD that posts three CQEs with F_MORE and is then removed. The trace events of these CQEs contain no
// request pointer.
#include "program.h"

int main(int argc, char **argv) {
  begin("multishot_poll", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int fds[2];
  make_pipe(fds);
  struct io_uring_sqe *poll = sqe(ring);
  uint64_t polled = poll->user_data;
  io_uring_prep_poll_multishot(poll, fds[0], POLLIN);
  submit(ring);
  for (int i = 0; i < 3; i++) {
    char byte;
    put(fds[1], "x");
    reap(ring, 1);
    must(read(fds[0], &byte, 1));
  }
  check(request(polled)->cqes == 3 && request(polled)->end == IN_FLIGHT, "the poll did not stay armed");
  hold();
  struct io_uring_sqe *remove = sqe(ring);
  uint64_t removal = remove->user_data;
  io_uring_prep_poll_remove(remove, polled);
  submit(ring);
  reap_all(ring);
  expect(polled, -ECANCELED);
  expect(removal, 0);
  say("\"multishot_cqes\":3");
  return finish();
}
