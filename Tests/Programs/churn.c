// churn N [MS]: keeps N requests in flight on one ring until standard input closes or SIGTERM arrives. The requests are
// polls and timeouts, which the program submits again as soon as they end. Each has its own user_data, from 0x100000
// upwards. The timeouts, half of the requests, set the pace: each expires within MS milliseconds (default: 868).
#include <sys/eventfd.h>
#include "program.h"

enum { FDS = 64 };
static int fds[FDS];
static struct __kernel_timespec times[97];

static void prepare(struct ring *ring, unsigned slot) {
  struct io_uring_sqe *one = io_uring_get_sqe(&ring->uring);
  if (!one) {
    must_uring(io_uring_submit(&ring->uring));
    one = io_uring_get_sqe(&ring->uring);
  }
  if (slot % 2)
    io_uring_prep_timeout(one, &times[slot % 97], 0, 0);
  else
    io_uring_prep_poll_add(one, fds[slot / 2 % FDS], POLLIN);
  one->user_data = 0x100000u + slot;
  truth->bulk_submitted++;
}

int main(int argc, char **argv) {
  begin("churn", &argc, argv);
  long count = argument(argc, argv, 1, 1000);
  long longest = argument(argc, argv, 2, 868) * 1000000;
  long_running();
  struct ring *ring = open_ring(4096, 0);
  for (int i = 0; i < FDS; i++)
    fds[i] = must(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  for (int i = 0; i < 97; i++)
    times[i].tv_nsec = longest / 9 + i * (longest / 108);
  for (long slot = 0; slot < count; slot++)
    prepare(ring, slot);
  must_uring(io_uring_submit(&ring->uring));
  say("\"slots\":%ld", count);
  hold_beside();
  for (unsigned turn = 0; !stop; turn++) {
    unsigned wanted = count / 64 + 1;
    // The loop is needed because the expiry of a TIMEOUT ends a wait even if fewer than `wanted` CQEs are ready.
    while (!stop && io_uring_cq_ready(&ring->uring) < wanted) {
      int done = io_uring_submit_and_wait(&ring->uring, wanted);
      check(done >= 0 || done == -EINTR, "the wait failed");
    }
    eventfd_write(fds[turn % FDS], 1);
    // Lets the polls see the eventfd's value before the program reads, and so resets, the eventfd.
    io_uring_get_events(&ring->uring);
    eventfd_t value;
    eventfd_read(fds[turn % FDS], &value);
    struct io_uring_cqe *cqe;
    for (int i = 0; i < 4096 && io_uring_peek_cqe(&ring->uring, &cqe) == 0; i++) {
      unsigned slot = cqe->user_data - 0x100000u;
      io_uring_cqe_seen(&ring->uring, cqe);
      truth->bulk_completed++;
      prepare(ring, slot);
    }
  }
  must_uring(io_uring_submit(&ring->uring)); // the truth includes the prepared requests
  return finish();
}
