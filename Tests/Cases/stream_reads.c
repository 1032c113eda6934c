// TRUTH: no fault. READs of 4096 bytes from a pipe (argument `pipe`) or a socket (argument `socket`), with offset 0,
// return the bytes of one write each: 100, 4096, 17, 300 and 1. On a stream, none of these READs is a short transfer.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[4096], data[4096];
  static const int sizes[] = {100, 4096, 17, 300, 1};
  struct io_uring ring;
  int ends[2];
  if (!strcmp(begin(argc, argv), "socket"))
    open_socket_pair(ends);
  else
    MUST(pipe2(ends, O_CLOEXEC));
  URING(io_uring_queue_init(8, &ring, 0));
  for (unsigned i = 0;; i++) {
    io_uring_prep_read(next(&ring, 1 + i % 5), ends[0], buffer, sizeof buffer, 0);
    URING(io_uring_submit(&ring));
    pause_ms(20);
    MUST(write(ends[1], data, (size_t)sizes[i % 5]));
    take(&ring);
    if (i == 5)
      ready();
    pause_ms(50);
  }
}
