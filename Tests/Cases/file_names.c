// TRUTH: no fault. A file is read, closed with close(2), and its descriptor number is given to a pipe, on which
// READ 0x77 waits. uringtop must name the file for the READs 0x1 to 0x3, and the pipe for READ 0x77.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[4096];
  struct io_uring ring;
  int pipe_[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  int file = temporary_file(65536);
  unsigned long file_inode = inode(file);
  for (unsigned i = 0; i < 3; i++) {
    io_uring_prep_read(next(&ring, 1 + i), file, buffer, sizeof buffer, 4096 * i);
    URING(io_uring_submit(&ring));
    take(&ring);
  }
  MUST(close(file));
  MUST(pipe2(pipe_, O_CLOEXEC));
  truth(
      "fd %d was inode %lu and is now pipe:[%lu] (same number: %s)", file, file_inode, inode(pipe_[0]),
      file == pipe_[0] ? "yes" : "NO");
  fact("file", "%lu", file_inode);
  fact("pipe", "%lu", inode(pipe_[0]));
  io_uring_prep_read(next(&ring, 0x77), pipe_[0], buffer, 32, 0);
  URING(io_uring_submit(&ring));
  ready();
  return wait_in_vain(&ring);
}
