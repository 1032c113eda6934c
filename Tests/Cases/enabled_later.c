// TRUTH: no fault. A ring created with IORING_SETUP_R_DISABLED is enabled and used: two READs wait on an empty pipe,
// and a NOP completes every 700 ms.
#include "case.h"

int main(int argc, char **argv) {
  static char buffers[2][4];
  struct io_uring ring;
  int pipe_[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, IORING_SETUP_R_DISABLED));
  URING(io_uring_enable_rings(&ring));
  MUST(pipe2(pipe_, O_CLOEXEC));
  for (unsigned i = 0; i < 2; i++)
    io_uring_prep_read(next(&ring, 0x100 + i), pipe_[0], buffers[i], 4, 0);
  URING(io_uring_submit(&ring));
  for (unsigned i = 0;; i++) {
    io_uring_prep_nop(next(&ring, i));
    URING(io_uring_submit(&ring));
    take(&ring);
    if (i == 0)
      ready();
    pause_ms(700);
  }
}
