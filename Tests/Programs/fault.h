// Deliberate faults that uringtop's rules must find. Each has a healthy variant, in which the rules must find nothing:
// `PROGRAM CASE` makes the fault, `PROGRAM CASE healthy` does not. The faulty request's user_data is BAD; further
// faulty requests have BAD + 1, BAD + 2 and so on; all other requests have GOOD.
#ifndef FAULT_H
#define FAULT_H

#include <sys/prctl.h>
#include "program.h"

enum { BAD = 0xbad, GOOD = 0x600d };

struct fault {
  const char *name;
  void (*make)(bool faulty);
};

// Returns the next SQE, cleared. liburing's preparation functions do not change its user_data.
static struct io_uring_sqe *next(struct ring *ring, uint64_t user_data) {
  struct io_uring_sqe *one = io_uring_get_sqe(&ring->uring);
  check(one, "the submission queue is full");
  memset(one, 0, sizeof *one);
  one->user_data = user_data;
  return one;
}

UNUSED_OK static void send_all(struct ring *ring) {
  must_uring(io_uring_submit(&ring->uring));
}

// Waits for a CQE, takes it and returns its result.
UNUSED_OK static int take(struct ring *ring) {
  struct io_uring_cqe *cqe;
  int result;
  while ((result = io_uring_wait_cqe(&ring->uring, &cqe)) == -EINTR && !stop)
    ;
  must_uring(result);
  result = cqe->res;
  io_uring_cqe_seen(&ring->uring, cqe);
  return result;
}

UNUSED_OK static void take_all(struct ring *ring, unsigned count) {
  while (count-- > 0)
    take(ring);
}

static int run_fault(int argc, char **argv, const struct fault *faults, unsigned count) {
  begin("fault", &argc, argv);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  long_running();
  for (unsigned i = 0; i < count; i++)
    if (argc > 1 && !strcmp(argv[1], faults[i].name)) {
      faults[i].make(!(argc > 2 && !strcmp(argv[2], "healthy")));
      return 0;
    }
  for (unsigned i = 0; i < count; i++)
    puts(faults[i].name);
  return argc > 1;
}

#endif
