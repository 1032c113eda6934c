// Short writes: to regular files beyond RLIMIT_FSIZE, and to a nonblocking pipe with too little room. The tracepoint
// io_uring_short_write fires only for synchronous writes to a regular file or block device, so not for the pipe.
#include "program.h"

int main(int argc, char **argv) {
  enum { LIMIT = 8192, ROOM = 4096 };
  static char buffer[LIMIT];
  begin("short_write", &argc, argv);
  signal(SIGXFSZ, SIG_IGN);
  struct ring *ring = open_ring(8, 0);
  int file = temporary_file(0), memory = must(memfd_create("uringtop-test", MFD_CLOEXEC)), fds[2];
  must(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
  must(fcntl(fds[1], F_SETPIPE_SZ, ROOM));
  struct rlimit old, limit;
  must(getrlimit(RLIMIT_FSIZE, &old));
  limit = old;
  limit.rlim_cur = LIMIT;
  must(setrlimit(RLIMIT_FSIZE, &limit));
  static struct iovec vector = {buffer, LIMIT};
  for (int step = 0; step < 6; step++) {
    struct io_uring_sqe *write = sqe(ring);
    switch (step) {
      case 0:
        io_uring_prep_write(write, file, buffer, LIMIT, ROOM);
        break;
      case 1:
        io_uring_prep_write(write, memory, buffer, LIMIT, ROOM);
        break;
      case 2:
        io_uring_prep_writev(write, file, &vector, 1, ROOM);
        break;
      case 3:
        io_uring_prep_write(write, memory, buffer, LIMIT, ROOM);
        write->flags = IOSQE_ASYNC;
        break;
      case 4:
        io_uring_prep_write(write, fds[1], buffer, LIMIT, 0);
        break;
      case 5:
        io_uring_prep_write(write, memory, buffer, LIMIT, LIMIT);
        break;
    }
    submit(ring);
    reap_all(ring);
  }
  must(setrlimit(RLIMIT_FSIZE, &old)); // before anything is written to standard output
  for (unsigned i = 0; i < 6; i++) {
    expect(truth->requests[i].user_data, i < 5 ? LIMIT - ROOM : -EFBIG);
    if (i < 5)
      truth->requests[i].note = i < 4 ? "short, traced" : "short, not traced";
  }
  say("\"short\":5,\"short_traced\":4");
  return finish();
}
