// echo SECONDS [--cpu N]: one byte to and fro over a socket pair. Each receive is armed before its byte is sent, so
// that it waits in poll and completes by task work. Prints nanoseconds per request and percentiles of the round trip.
#include <sched.h>
#include "program.h"

enum { BUCKETS = 4096 }; // 50 ns each; the last one takes the rest

int main(int argc, char **argv) {
  static uint64_t histogram[BUCKETS];
  begin("echo", &argc, argv);
  long seconds = argument(argc, argv, 1, 1), cpu = option(argc, argv, "--cpu", -1);
  long_running();
  if (cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    must(sched_setaffinity(0, sizeof set, &set));
  }
  struct ring *ring = open_ring(8, 0);
  int pair[2];
  char sent = 'u', received;
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  uint64_t trips = 0, start = now_ns(), deadline = start + (uint64_t)seconds * 1000000000u, now = start;
  while (now < deadline && !stop) {
    struct io_uring_cqe *cqe;
    struct io_uring_sqe *one = io_uring_get_sqe(&ring->uring);
    io_uring_prep_recv(one, pair[0], &received, 1, 0);
    must_uring(io_uring_submit(&ring->uring));
    one = io_uring_get_sqe(&ring->uring);
    io_uring_prep_send(one, pair[1], &sent, 1, 0);
    must_uring(io_uring_submit_and_wait(&ring->uring, 2));
    for (int i = 0; i < 2; i++) {
      must_uring(io_uring_wait_cqe(&ring->uring, &cqe));
      check(cqe->res == 1, "a byte was not passed on");
      io_uring_cqe_seen(&ring->uring, cqe);
    }
    uint64_t end = now_ns(), bucket = (end - now) / 50;
    histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    now = end;
    trips++;
  }
  uint64_t passed = 0, p99 = 0, p999 = 0;
  for (unsigned i = 0; i < BUCKETS; i++) {
    passed += histogram[i];
    if (!p99 && passed * 100 >= trips * 99)
      p99 = (i + 1) * 50;
    if (!p999 && passed * 1000 >= trips * 999)
      p999 = (i + 1) * 50;
  }
  truth->bulk_submitted = truth->bulk_completed = 2 * trips;
  say("\"ns_per_request\":%.2f,\"p99_ns\":%" PRIu64 ",\"p999_ns\":%" PRIu64,
      (double)(now - start) / (double)(2 * trips), p99, p999);
  return finish();
}
