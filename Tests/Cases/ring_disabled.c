// TRUTH: the ring was created with IORING_SETUP_R_DISABLED, and nothing enables it. READ 0x1901 is queued. The program
// calls io_uring_enter every 200 ms; each call fails with EBADFD, which the program ignores. The SQE stays in the SQ.
// Cure: call io_uring_enable_rings before the first submission.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[64];
  struct io_uring ring;
  struct io_uring_cqe *cqe;
  int pipe_[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, IORING_SETUP_R_DISABLED));
  if (healthy)
    URING(io_uring_enable_rings(&ring));
  MUST(pipe2(pipe_, O_CLOEXEC));
  put(pipe_[1], "data");
  io_uring_prep_read(next(&ring, 0x1901), pipe_[0], buffer, sizeof buffer, 0);
  for (int i = 0;; i++) {
    int result = io_uring_submit(&ring);
    if (i == 2) {
      truth("io_uring_submit: %d (%s)", result, strerror(result < 0 ? -result : 0));
      ready();
    }
    pause_ms(200);
    if (!io_uring_peek_cqe(&ring, &cqe))
      io_uring_cqe_seen(&ring, cqe);
  }
}
