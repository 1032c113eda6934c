// A program that hangs: it waits for a POLL_ADD on a pipe that nobody writes to. Prints the ready line, then blocks in
// io_uring_enter until standard input closes or SIGTERM arrives.
#include "program.h"

int main(int argc, char **argv) {
  begin("hang_poll", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int fds[2];
  make_pipe(fds);
  io_uring_prep_poll_add(sqe(ring), fds[0], POLLIN);
  submit(ring);
  hold_beside();
  struct io_uring_cqe *cqe;
  while (!stop)
    if (io_uring_wait_cqe(&ring->uring, &cqe) == 0)
      die("the poll ended");
  return finish();
}
