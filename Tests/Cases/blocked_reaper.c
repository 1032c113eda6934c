// TRUTH: five CQEs (NOP 0x3001 to 0x3005) stay in the CQ. The thread that takes CQEs is blocked in read(2) on an empty
// pipe. Cure: read the pipe through the ring, or make the pipe non-blocking.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[64];
  struct io_uring ring;
  int pipe_[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  MUST(pipe2(pipe_, O_CLOEXEC));
  fact("fd", "%d", pipe_[0]);
  fact("thread", "%d", thread_id());
  io_uring_prep_nop(next(&ring, 0x3000));
  URING(io_uring_submit(&ring));
  take(&ring);
  for (unsigned i = 1; i < 6; i++)
    io_uring_prep_nop(next(&ring, 0x3000 + i));
  URING(io_uring_submit(&ring));
  for (int i = 0; healthy && i < 5; i++)
    take(&ring);
  truth("%u CQEs are unread; thread %d reads fd %d", io_uring_cq_ready(&ring), thread_id(), pipe_[0]);
  ready();
  MUST(read(pipe_[0], buffer, sizeof buffer));
  return 1;
}
