// TRUTH: every 2 s a burst of 48 SPLICEs from an empty pipe blocks 48 io-wq workers. 100 ms later the program writes 48
// bytes to the pipe. Each SPLICE moves one byte, and the workers are then idle until the next burst. A POLL_ADD could
// wait for the data without a worker.
// Cure: submit a POLL_ADD instead, as the healthy twin (--healthy) does; or limit the workers with
// IORING_REGISTER_IOWQ_MAX_WORKERS.
#include "case.h"

enum { BURST = 48 };

int main(int argc, char **argv) {
  struct io_uring ring;
  int in[2], out[2];
  char bytes[BURST] = {0};
  begin(argc, argv);
  URING(io_uring_queue_init(64, &ring, 0));
  MUST(pipe2(in, O_CLOEXEC));
  MUST(pipe2(out, O_CLOEXEC));
  MUST(fcntl(out[1], F_SETPIPE_SZ, 64 * 4096)); // each SPLICE occupies one slot of the pipe
  for (unsigned round = 0;; round++) {
    for (unsigned i = 0; i < BURST; i++) {
      struct io_uring_sqe *sqe = next(&ring, 0x2401 + i);
      if (healthy)
        io_uring_prep_poll_add(sqe, in[0], POLLIN);
      else
        io_uring_prep_splice(sqe, in[0], -1, out[1], -1, 1, 0);
    }
    URING(io_uring_submit(&ring));
    pause_ms(100);
    MUST(write(in[1], bytes, BURST));
    for (unsigned i = 0; i < BURST; i++)
      take(&ring);
    MUST(read(healthy ? in[0] : out[0], bytes, BURST));
    if (round == 0) {
      truth("a burst of %d SPLICEs has ended", BURST);
      ready();
    }
    pause_ms(2000);
  }
}
