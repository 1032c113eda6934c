// A program that hangs: a WRITE, an FSYNC and a CLOSE are linked behind a READ of a pipe that nobody writes to. Prints
// the ready line, then blocks in io_uring_enter until standard input closes or SIGTERM arrives.
#include "program.h"

int main(int argc, char **argv) {
  static char buffer[512];
  begin("hang_chain", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int fds[2], file = temporary_file(0);
  make_pipe(fds);
  for (int i = 0; i < 4; i++) {
    struct io_uring_sqe *one = sqe(ring);
    switch (i) {
      case 0:
        io_uring_prep_read(one, fds[0], buffer, sizeof buffer, 0);
        break;
      case 1:
        io_uring_prep_write(one, file, buffer, sizeof buffer, 0);
        break;
      case 2:
        io_uring_prep_fsync(one, file, 0);
        break;
      case 3:
        io_uring_prep_close(one, file);
        break;
    }
    if (i < 3)
      one->flags = IOSQE_IO_LINK;
  }
  submit(ring);
  hold_beside();
  struct io_uring_cqe *cqe;
  while (!stop)
    if (io_uring_wait_cqe(&ring->uring, &cqe) == 0)
      die("the chain continued");
  return finish();
}
