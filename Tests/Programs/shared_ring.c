// Two processes submit to one ring, which the child inherits over fork. The parent also submits through a duplicate of
// the ring fd. The parent's write completes the child's request, and the parent reaps all CQEs.
#include "program.h"

static uint64_t poll_pipe(struct ring *ring, int fd) {
  struct io_uring_sqe *poll = sqe(ring);
  uint64_t user_data = poll->user_data;
  io_uring_prep_poll_add(poll, fd, POLLIN);
  submit(ring);
  return user_data;
}

static void nops(struct ring *ring, int count) {
  while (count--)
    io_uring_prep_nop(sqe(ring));
  submit(ring);
}

int main(int argc, char **argv) {
  begin("shared_ring", &argc, argv);
  truth->more_setup = 0; // DEFER_TASKRUN (--defer) would allow only one submitter
  struct ring *ring = open_ring(16, 0);
  int parents[2], childs[2], ready[2], done[2];
  make_pipe(parents);
  make_pipe(childs);
  make_pipe(ready);
  make_pipe(done);
  int duplicate = must(fcntl(ring->fd, F_DUPFD_CLOEXEC, 0));

  nops(ring, 2);
  uint64_t first = poll_pipe(ring, parents[0]);
  pid_t child = must(fork());
  if (!child) {
    // struct io_uring and the account are in shared memory: the child continues where the parent stopped.
    char byte;
    alarm(0);
    close(done[1]);
    nops(ring, 4);
    poll_pipe(ring, childs[0]);
    put(ready[1], "r");
    // The read ends when the parent closes the pipe or exits.
    while (read(done[0], &byte, 1) < 0 && errno == EINTR)
      ;
    _exit(0);
  }
  close(done[0]);
  char byte;
  must(read(ready[0], &byte, 1));
  uint64_t second = truth->requests[truth->request_count - 1].user_data;
  ring->uring.enter_ring_fd = duplicate;
  nops(ring, 3);
  ring->uring.enter_ring_fd = ring->fd;
  reap(ring, 9);
  check(request(first)->end == IN_FLIGHT && request(second)->end == IN_FLIGHT, "a poll ended too early");
  hold();
  put(parents[1], "x");
  put(childs[1], "x");
  reap_all(ring);
  expect(first, POLLIN);
  expect(second, POLLIN);
  put(done[1], "d");
  int status;
  must(waitpid(child, &status, 0));
  check(WIFEXITED(status) && !WEXITSTATUS(status), "the child failed");
  say("\"ring_fds\":[%d,%d],\"submitted_by\":{\"%d\":6,\"%d\":5}", ring->fd, duplicate, getpid(), child);
  return finish();
}
