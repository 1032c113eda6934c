// TRUTH: every CQE of READ 0x1501 stays in the CQ for about 200 ms, because the program's loop sleeps in nanosleep
// before it looks at the CQ, instead of waiting for the CQE.
// Cure: wait in io_uring_enter (io_uring_wait_cqe), or wait for an eventfd that is registered with the ring.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[4096];
  struct io_uring ring;
  struct io_uring_cqe *cqe;
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  int zero = (int)MUST(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  ready();
  for (;;) {
    io_uring_prep_read(next(&ring, 0x1501), zero, buffer, sizeof buffer, 0);
    URING(io_uring_submit(&ring));
    if (healthy)
      URING(io_uring_wait_cqe(&ring, &cqe));
    else
      pause_ms(200);
    while (!io_uring_peek_cqe(&ring, &cqe))
      io_uring_cqe_seen(&ring, cqe);
    if (healthy)
      pause_ms(200);
  }
}
