// many_inflight N [poll|timeout|both]: keeps N requests in flight in one ring until standard input closes or SIGTERM
// arrives. Prints the ready line when all are in flight. The requests end with the ring, at exit.
#include <sys/eventfd.h>
#include "program.h"

int main(int argc, char **argv) {
  enum { FDS = 64 };
  static struct __kernel_timespec day = {.tv_sec = 86400};
  begin("many_inflight", &argc, argv);
  long count = argument(argc, argv, 1, 1000);
  const char *kind = argc > 2 ? argv[2] : "both";
  bool polls = strcmp(kind, "timeout"), timeouts = strcmp(kind, "poll");
  check(!polls || !timeouts || !strcmp(kind, "both"), "usage: many_inflight N [poll|timeout|both]");
  long_running();
  struct ring *ring = open_ring(1024, 0);
  int fds[FDS];
  for (int i = 0; i < FDS; i++)
    fds[i] = must(eventfd(0, EFD_CLOEXEC));
  long polled = 0, timed = 0;
  for (long done = 0; done < count && !stop;) {
    unsigned batch = 0;
    for (; batch < ring->sq_entries && done < count; batch++, done++) {
      struct io_uring_sqe *one = io_uring_get_sqe(&ring->uring);
      if (polls && (!timeouts || done % 2 == 0)) {
        io_uring_prep_poll_add(one, fds[polled++ % FDS], POLLIN);
      } else {
        io_uring_prep_timeout(one, &day, 0, 0);
        timed++;
      }
      one->user_data = 0x100000u + (uint64_t)done;
    }
    check(must_uring(io_uring_submit(&ring->uring)) == (int)batch, "not everything was submitted");
    truth->bulk_submitted += batch;
  }
  check(!io_uring_cq_ready(&ring->uring), "a request has completed");
  say("\"by_opcode\":{\"POLL_ADD\":%ld,\"TIMEOUT\":%ld},\"user_data\":[\"0x100000\",\"0x%lx\"]", polled,
      timed, 0x100000 + count - 1);
  truth->hold = true;
  hold();
  alarm(0);
  return finish();
}
