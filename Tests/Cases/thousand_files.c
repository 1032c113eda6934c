// TRUTH: no fault. A thousand files are opened, read, closed and removed on the same descriptor, and their inode numbers
// are reused. Every fifth is read as a registered file in the same slot. Between them pipes take the descriptor: for a
// multishot POLL_ADD that stays armed though its pipe is closed, a SPLICE, and a read of a registered pipe. A file is
// called u, followed by the user_data of its READ; the user_data of the others hold their pipes' inode numbers. Any other
// name is false. At the end READ 0x5001 waits on a pipe.
// With the argument `halfway`, it waits after READ 0x11f5 and 0x11f9, while their files are open, for a byte from its
// standard input.
#include "case.h"

// Waits for a CQE of one request. A multishot POLL_ADD can post other CQEs before it.
static void take_of(struct io_uring *ring, uint64_t user_data) {
  while (take(ring).user_data != user_data)
    ;
}

static uint64_t low_inode(int fd) {
  return inode(fd) & 0xfffffff;
}

static void use_pipes(struct io_uring *ring) {
  static char byte;
  int from[2], to[2];
  MUST(pipe2(from, O_CLOEXEC));
  MUST(pipe2(to, O_CLOEXEC));
  put(from[1], "xx");
  uint64_t poll = 3ULL << 60 | low_inode(from[0]), read = 6ULL << 60 | low_inode(from[0]);
  uint64_t splice = 4ULL << 60 | low_inode(from[0]) << 28 | low_inode(to[1]);
  io_uring_prep_poll_multishot(next(ring, poll), from[0], POLLIN);
  URING(io_uring_submit(ring));
  take_of(ring, poll);
  io_uring_prep_splice(next(ring, splice), from[0], -1, to[1], -1, 1, 0);
  URING(io_uring_submit(ring));
  take_of(ring, splice);
  URING(io_uring_register_files_update(ring, 0, &from[0], 1));
  struct io_uring_sqe *sqe = next(ring, read);
  io_uring_prep_read(sqe, 0, &byte, 1, 0);
  sqe->flags |= IOSQE_FIXED_FILE;
  URING(io_uring_submit(ring));
  take_of(ring, read);
  for (int i = 0; i < 2; i++) {
    MUST(close(from[i]));
    MUST(close(to[i]));
  }
}

int main(int argc, char **argv) {
  static char buffer[64];
  char directory[] = "/var/tmp/files-XXXXXX", path[64];
  struct io_uring ring;
  int pipe_[2], slot = -1;
  bool halfway = !strcmp(begin(argc, argv), "halfway");
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
    io_uring_prep_read(sqe, file, buffer, sizeof buffer, 0);
    if (i % 5 == 4) {
      URING(io_uring_register_files_update(&ring, 0, &file, 1));
      sqe->fd = 0;
      sqe->flags |= IOSQE_FIXED_FILE;
    }
    URING(io_uring_submit(&ring));
    take_of(&ring, user_data);
    if (i % 50 == 0 || i % 50 == 4)
      pause_ms(20); // long enough for a look at the open file
    if (halfway && i == 500)
      alarm(600);
    if (halfway && (i == 500 || i == 504)) {
      truth("READ 0x%x is done", user_data);
      MUST(read(STDIN_FILENO, buffer, 1));
    }
    MUST(close(file));
    MUST(unlink(path));
    if (i % 10 == 0)
      use_pipes(&ring);
  }
  MUST(rmdir(directory));
  MUST(pipe2(pipe_, O_CLOEXEC));
  fact("pipe", "%lu", inode(pipe_[0]));
  io_uring_prep_read(next(&ring, 0x5001), pipe_[0], buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  ready();
  return wait_in_vain(&ring);
}
