// TRUTH: READ 0x2201 at the end of a file (offset 4096 of 4096 bytes) returns 0 each time, and the program submits it
// again at once, as if 0 meant "try again". Cure: treat 0 as the end of the file. The healthy twin (--healthy) does so:
// after a result of 0 it reads from offset 0.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[4096];
  struct io_uring ring;
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  int fd = temporary_file(4096);
  fact("inode", "%lu", inode(fd));
  for (unsigned i = 0;; i++) {
    io_uring_prep_read(next(&ring, 0x2201), fd, buffer, sizeof buffer, healthy ? 4096 * (i % 2) : 4096);
    URING(io_uring_submit(&ring));
    int result = take(&ring).res;
    if (i == 101) {
      truth("READ 0x2201 at 4096: %d", result);
      ready();
    }
    pause_ms(1);
  }
}
