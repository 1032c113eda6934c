// TRUTH: the program and its thread are bound to processor 0; IORING_REGISTER_IOWQ_AFF binds the ring's io-wq workers
// to processor 1. Each READ 0x2501 with IOSQE_ASYNC therefore runs on processor 1, which the program itself does not
// use.
// Cure: IORING_REGISTER_IOWQ_AFF with the program's own processors.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[4096];
  struct io_uring ring;
  cpu_set_t own, workers;
  begin(argc, argv);
  CPU_ZERO(&own);
  CPU_SET(0, &own);
  CPU_ZERO(&workers);
  CPU_SET(healthy ? 0 : 1, &workers);
  MUST(sched_setaffinity(0, sizeof own, &own));
  URING(io_uring_queue_init(8, &ring, 0));
  URING(io_uring_register_iowq_aff(&ring, sizeof workers, &workers));
  int zero = (int)MUST(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  truth("the program runs on processor 0, its workers on processor %d", healthy ? 0 : 1);
  ready();
  for (;;) {
    struct io_uring_sqe *sqe = next(&ring, 0x2501);
    io_uring_prep_read(sqe, zero, buffer, sizeof buffer, 0);
    sqe->flags |= IOSQE_ASYNC;
    URING(io_uring_submit(&ring));
    take(&ring);
    pause_ms(2);
  }
}
