// nop_flood SECONDS [BATCH] [--cpu N] [--count N] [--pause MICROSECONDS]: submits NOPs at full speed on one CPU, BATCH
// (default 32) per submission. With --count it runs until N NOPs have completed, and ignores SECONDS. With --pause it
// sleeps after every 64 submissions.
#include <sched.h>
#include "program.h"

int main(int argc, char **argv) {
  begin("nop_flood", &argc, argv);
  long seconds = argument(argc, argv, 1, 1), batch = argument(argc, argv, 2, 32),
       cpu = option(argc, argv, "--cpu", -1);
  long limit = option(argc, argv, "--count", 0), pause_us = option(argc, argv, "--pause", 0);
  long_running();
  if (cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    must(sched_setaffinity(0, sizeof set, &set));
  }
  struct ring *ring = open_ring((unsigned)batch, 0);
  struct io_uring *uring = &ring->uring;
  uint64_t best = UINT64_MAX; // shortest time for 64 batches, without interruptions by other tasks
  uint64_t count = 0, start = now_ns(), deadline = start + (uint64_t)seconds * 1000000000u, now = start;
  while ((limit > 0 ? count < (uint64_t)limit : now < deadline) && !stop) {
    for (int round = 0; round < 64; round++) {
      for (long i = 0; i < batch; i++) {
        struct io_uring_sqe *nop = io_uring_get_sqe(uring);
        io_uring_prep_nop(nop);
        nop->user_data = ++count;
      }
      check(must_uring(io_uring_submit(uring)) == batch, "not everything was submitted");
      check(io_uring_cq_ready(uring) == (unsigned)batch, "a NOP did not complete at once");
      io_uring_cq_advance(uring, (unsigned)batch);
    }
    uint64_t end = now_ns();
    if (end - now < best)
      best = end - now;
    if (pause_us > 0) {
      usleep((useconds_t)pause_us);
      end = now_ns();
    }
    now = end;
  }
  truth->bulk_submitted = truth->bulk_completed = count;
  say("\"seconds\":%.6f,\"batch\":%ld,\"ns_per_request\":%.2f,\"best_ns_per_request\":%.2f",
      (double)(now - start) / 1e9, batch, (double)(now - start) / (double)count,
      (double)best / (double)(64 * batch));
  return finish();
}
