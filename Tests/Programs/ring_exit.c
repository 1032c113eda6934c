// Two rings end with requests in flight: one is closed while the process runs, the other ends with the process.
#include "program.h"

static void park(struct ring *ring, int fd) {
  static char buffer[8][64];
  static struct __kernel_timespec minute = {.tv_sec = 60};
  for (int i = 0; i < 4; i++)
    io_uring_prep_read(sqe(ring), fd, buffer[i], sizeof buffer[i], 0);
  io_uring_prep_poll_add(sqe(ring), fd, POLLIN);
  io_uring_prep_timeout(sqe(ring), &minute, 0, 0);
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read(read, fd, buffer[4], sizeof buffer[4], 0);
  read->flags = IOSQE_ASYNC;
  submit(ring);
}

int main(int argc, char **argv) {
  begin("ring_exit", &argc, argv);
  struct ring *closed = open_ring(8, 0), *left = open_ring(8, 0);
  int fds[2];
  make_pipe(fds);
  park(closed, fds[0]);
  park(left, fds[0]);
  hold();
  close_ring(closed);
  sleep_ms(100); // gives the kernel worker time to cancel the requests of the closed ring
  for (unsigned i = 0; i < truth->request_count; i++)
    if (truth->requests[i].ring == left->index)
      truth->requests[i].end = END_RING_EXIT;
  left->open = false; // stays open until the process has exited
  say("\"closed_with\":7,\"exited_with\":7");
  return finish();
}
