// many_rings N: keeps N rings with one POLL_ADD in flight each until standard input closes or SIGTERM arrives.
#include <sys/eventfd.h>
#include "program.h"

int main(int argc, char **argv) {
  begin("many_rings", &argc, argv);
  long count = argument(argc, argv, 1, 100);
  struct rlimit limit;
  must(getrlimit(RLIMIT_NOFILE, &limit));
  if ((long)limit.rlim_cur < count + 64) {
    limit.rlim_cur = (rlim_t)count + 64;
    if (limit.rlim_max < limit.rlim_cur)
      limit.rlim_max = limit.rlim_cur;
    must(setrlimit(RLIMIT_NOFILE, &limit));
  }
  long_running();
  int event = must(eventfd(0, EFD_CLOEXEC));
  struct io_uring *rings = calloc((size_t)count, sizeof *rings);
  check(rings, "no memory");
  for (long i = 0; i < count && !stop; i++) {
    int error = io_uring_queue_init(8, &rings[i], 0);
    check(!error, "ring %ld: %s", i, strerror(-error));
    struct io_uring_sqe *poll = io_uring_get_sqe(&rings[i]);
    io_uring_prep_poll_add(poll, event, POLLIN);
    poll->user_data = 0x100000u + (uint64_t)i;
    must_uring(io_uring_submit(&rings[i]));
    truth->bulk_submitted++;
  }
  say("\"ring_count\":%ld,\"ring_fds\":[%d,%d],\"sq_entries\":8,\"cq_entries\":16", count, rings[0].ring_fd,
      rings[count - 1].ring_fd);
  truth->hold = true;
  hold();
  alarm(0);
  return finish();
}
