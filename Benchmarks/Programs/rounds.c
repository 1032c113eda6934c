// rounds SECONDS [--slower PERCENT] [--punted PERMILLE] [--failed PERMILLE]: a workload for comparisons.
//
// Each round submits a timeout of about half a millisecond and some reads, and waits for all of them. The options change
// the duration of timeouts, and how many reads go to io-wq or name no descriptor.
#include <fcntl.h>
#include "program.h"

#define READS 4

static uint32_t chance(void) { // below 1000
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % 1000;
}

int main(int argc, char **argv) {
  begin("rounds", &argc, argv);
  long seconds = argument(argc, argv, 1, 1), slower = option(argc, argv, "--slower", 0),
       punted = option(argc, argv, "--punted", 0), failed = option(argc, argv, "--failed", 0);
  long_running();
  struct ring *ring = open_ring(64, 0);
  struct io_uring *uring = &ring->uring;
  int file = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  static char buffer[4096];
  uint64_t start = now_ns(), end = start + (uint64_t)seconds * 1000000000u, count = 0;
  while (now_ns() < end && !stop) {
    struct __kernel_timespec time = {.tv_nsec = (300000 + 400 * chance()) * (100 + slower) / 100};
    io_uring_prep_timeout(io_uring_get_sqe(uring), &time, 0, 0);
    for (int i = 0; i < READS; i++) {
      struct io_uring_sqe *read = io_uring_get_sqe(uring);
      io_uring_prep_read(read, chance() < failed ? -1 : file, buffer, sizeof buffer, 0);
      if (chance() < punted)
        read->flags |= IOSQE_ASYNC;
    }
    must_uring(io_uring_submit(uring));
    // A timeout ends a wait however many CQEs there are.
    for (struct io_uring_cqe *cqe; io_uring_cq_ready(uring) < READS + 1;)
      must_uring(io_uring_wait_cqe_nr(uring, &cqe, READS + 1));
    io_uring_cq_advance(uring, READS + 1);
    count += READS + 1;
  }
  truth->bulk_submitted = truth->bulk_completed = count;
  return finish();
}
