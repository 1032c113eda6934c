// TRUTH: READ 0x111 waits on a pipe whose read end was closed with close(2) and has no descriptor any more. The request
// keeps the read end open. A writer to the pipe therefore gets no SIGPIPE, and the READ will put the written data into
// a buffer that the program no longer uses.
// Cure: cancel with ASYNC_CANCEL_FD and wait for the CQE before close(2).
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[512];
  struct io_uring ring;
  int pipe_[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  MUST(pipe2(pipe_, O_CLOEXEC));
  io_uring_prep_read(next(&ring, 0x111), pipe_[0], buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  if (healthy) {
    io_uring_prep_cancel_fd(next(&ring, 0x112), pipe_[0], 0);
    URING(io_uring_submit(&ring));
    take(&ring);
    take(&ring);
  }
  fact("fd", "%d", pipe_[0]);
  fact("inode", "%lu", inode(pipe_[0]));
  MUST(close(pipe_[0]));
  truth("fd %d is closed%s", pipe_[0], healthy ? " after its request was cancelled" : " under READ 0x111");
  ready();
  sleep_for_ever();
}
