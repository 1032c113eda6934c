// TRUTH: no fault. A thousand files are opened, read, closed and removed on the same descriptor, and their inode numbers
// are reused. Between them a pipe takes the descriptor for a multishot POLL_ADD, a SPLICE and a registered file. Each
// file is called u, followed by the user_data of its READ: any other name is false. At the end READ 0x5001 waits on a pipe.
#include "case.h"

// Waits for a CQE of one request; a multishot POLL_ADD can post others before.
static void take_of(struct io_uring *ring, uint64_t user_data) {
  while (take(ring).user_data != user_data)
    ;
}

int main(int argc, char **argv) {
  static char buffer[64];
  char directory[] = "/var/tmp/files-XXXXXX", path[64];
  struct io_uring ring;
  int pipe_[2], slot = -1;
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  URING(io_uring_register_files(&ring, &slot, 1));
  if (!mkdtemp(directory))
    fail(__LINE__, "mkdtemp", errno);
  for (unsigned i = 0; i < 1000; i++) {
    unsigned user_data = 0x1001 + i;
    snprintf(path, sizeof path, "%s/u%x", directory, user_data);
    int file = (int)MUST(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    put(file, "text");
    struct io_uring_sqe *sqe = next(&ring, user_data);
    if (i % 5 == 4) {
      URING(io_uring_register_files_update(&ring, 0, &file, 1));
      io_uring_prep_read(sqe, 0, buffer, sizeof buffer, 0);
      sqe->flags |= IOSQE_FIXED_FILE;
    } else {
      io_uring_prep_read(sqe, file, buffer, sizeof buffer, 0);
    }
    URING(io_uring_submit(&ring));
    take_of(&ring, user_data);
    if (i % 50 == 0)
      pause_ms(20); // long enough for a look at the open file
    MUST(close(file));
    MUST(unlink(path));
    if (i % 10 == 0) {
      MUST(pipe2(pipe_, O_CLOEXEC));
      put(pipe_[1], "x");
      io_uring_prep_poll_multishot(next(&ring, 0x3001 + i), pipe_[0], POLLIN);
      URING(io_uring_submit(&ring));
      take_of(&ring, 0x3001 + i);
      io_uring_prep_splice(next(&ring, 0x4001 + i), pipe_[0], -1, pipe_[1], -1, 1, 0);
      URING(io_uring_submit(&ring));
      take_of(&ring, 0x4001 + i);
      MUST(close(pipe_[0]));
      MUST(close(pipe_[1]));
    }
  }
  MUST(rmdir(directory));
  MUST(pipe2(pipe_, O_CLOEXEC));
  fact("pipe", "%lu", inode(pipe_[0]));
  io_uring_prep_read(next(&ring, 0x5001), pipe_[0], buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  ready();
  take_of(&ring, 0x5001);
  truth("unexpected completion of 0x5001");
  return 1;
}
