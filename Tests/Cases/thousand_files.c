// TRUTH: no fault. The program opens, reads, closes and removes a thousand files. All have the same descriptor number,
// and their inode numbers are reused. Every fifth file is read as a registered file, always in slot 0 of the file
// table. After every tenth file the program makes two pipes, which get the same descriptor numbers. It uses them for a
// multishot POLL_ADD that stays armed after its pipe is closed, for a SPLICE, and for a READ of a registered pipe. The
// name of a file is u followed by the user_data of its READ. The user_data of a pipe's request contains the pipe's
// inode number. Any other file name that uringtop shows for a request is false. At the end READ 0x5001 waits on a pipe.
// With the argument `halfway`, the program waits for a byte on standard input after READ 0x11f5 and again after READ
// 0x11f9, while the file of that READ is open.
#include "case.h"

// Waits for a CQE with this user_data, and skips CQEs that a multishot POLL_ADD posts before it.
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
      pause_ms(20); // gives uringtop time to look at the open file
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
