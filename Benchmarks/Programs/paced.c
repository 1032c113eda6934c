// paced SECONDS RATE [--cpu N]: NOPs at RATE a second, sent every millisecond or one by one below that.
#include <sched.h>
#include "program.h"

int main(int argc, char **argv) {
  begin("paced", &argc, argv);
  long seconds = argument(argc, argv, 1, 1), rate = argument(argc, argv, 2, 1000),
       cpu = option(argc, argv, "--cpu", -1);
  long_running();
  if (cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    must(sched_setaffinity(0, sizeof set, &set));
  }
  struct ring *ring = open_ring(1024, 0);
  uint64_t start = now_ns(), sent = 0, end = start + (uint64_t)seconds * 1000000000u;
  for (uint64_t now = start; now < end && !stop; now = now_ns()) {
    uint64_t due = (now - start) / 1000 * (uint64_t)rate / 1000000;
    while (sent < due) {
      unsigned batch = 0;
      for (; sent < due && batch < 512; batch++, sent++)
        io_uring_prep_nop(io_uring_get_sqe(&ring->uring));
      must_uring(io_uring_submit(&ring->uring));
      io_uring_cq_advance(&ring->uring, io_uring_cq_ready(&ring->uring));
    }
    usleep(1000);
  }
  truth->bulk_submitted = truth->bulk_completed = sent;
  return finish();
}
