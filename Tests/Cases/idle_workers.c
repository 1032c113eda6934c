// TRUTH: every 2 s a burst of 48 READs with IOSQE_ASYNC on an empty pipe starts 48 io-wq workers, which end 100 ms later
// and then are idle until the next burst: 48 threads for work that waits for readiness and needs none.
// Cure: no IOSQE_ASYNC on pipes and sockets; IORING_REGISTER_IOWQ_MAX_WORKERS.
#include "case.h"

enum { BURST = 48 };

int main(int argc, char **argv) {
  static char buffers[BURST][1];
  struct io_uring ring;
  int pipe_[2];
  begin(argc, argv);
  URING(io_uring_queue_init(64, &ring, 0));
  MUST(pipe2(pipe_, O_CLOEXEC));
  for (unsigned round = 0;; round++) {
    for (unsigned i = 0; i < BURST; i++) {
      struct io_uring_sqe *sqe = next(&ring, 0x2401 + i);
      io_uring_prep_read(sqe, pipe_[0], buffers[i], 1, 0);
      if (!healthy)
        sqe->flags |= IOSQE_ASYNC;
    }
    URING(io_uring_submit(&ring));
    pause_ms(100);
    for (unsigned i = 0; i < BURST; i++)
      put(pipe_[1], "x");
    for (unsigned i = 0; i < BURST; i++)
      take(&ring);
    if (round == 0) {
      truth("a burst of %d READs has ended", BURST);
      ready();
    }
    pause_ms(2000);
  }
}
