// Reads that return fewer bytes than requested: across and at the end of a file, from a pipe, and into a vector. A read
// of /dev/zero is not short.
#include "program.h"

int main(int argc, char **argv) {
  static char buffer[4096];
  begin("short_read", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int file = temporary_file(100), zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC)), fds[2];
  make_pipe(fds);
  put(fds[1], "0123456789");
  struct {
    int fd;
    unsigned asked;
    __u64 offset;
    int got;
    bool vector;
  } const reads[] = {
      {file, 4096, 0, 100, false}, {file, 4096, 100, 0, false}, {file, 60, 80, 20, false},
      {fds[0], 100, 0, 10, false}, {file, 4096, 1, 99, true},   {zero, 100, 0, 100, false},
  };
  static struct iovec vector = {buffer, sizeof buffer};
  unsigned count = sizeof reads / sizeof *reads, shorts = 0;
  for (unsigned i = 0; i < count; i++) {
    if (reads[i].vector)
      io_uring_prep_readv(sqe(ring), reads[i].fd, &vector, 1, reads[i].offset);
    else
      io_uring_prep_read(sqe(ring), reads[i].fd, buffer, reads[i].asked, reads[i].offset);
  }
  submit(ring);
  reap_all(ring);
  for (unsigned i = 0; i < count; i++) {
    expect(truth->requests[i].user_data, reads[i].got);
    if (reads[i].got < (int)reads[i].asked) {
      truth->requests[i].note = "short";
      shorts++;
    }
  }
  say("\"short\":%u", shorts);
  return finish();
}
