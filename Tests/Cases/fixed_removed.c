// TRUTH: the program removes a registered buffer or file from the ring's table while a request in flight uses it. The
// request's reference keeps the buffer or file alive. Argument `buffer`: the program empties slot 0 of the buffer table
// while READ_FIXED 0x1901 uses the buffer. Argument `file`: the program empties slot 0 of the file table while RECV
// 0x1902 uses the socket. The socket has no descriptor, and only the request keeps it open, so its peer sees no end of
// file.
// Cure: wait for the request, or cancel it, before changing the slot.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[4096] __attribute__((aligned(4096)));
  struct io_uring ring;
  int ends[2], none = -1;
  bool file = !strcmp(begin(argc, argv), "file");
  URING(io_uring_queue_init(8, &ring, 0));
  open_socket_pair(ends);
  fact("inode", "%lu", inode(ends[0]));
  struct iovec vector = {buffer, sizeof buffer}, empty = {0};
  __u64 tag = 0;
  if (file)
    URING(io_uring_register_files(&ring, ends, 1));
  else
    URING(io_uring_register_buffers_tags(&ring, &vector, &tag, 1));
  struct io_uring_sqe *sqe = next(&ring, file ? 0x1902 : 0x1901);
  if (file) {
    io_uring_prep_recv(sqe, 0, buffer, sizeof buffer, 0);
    sqe->flags |= IOSQE_FIXED_FILE;
    MUST(close(ends[0]));
  } else {
    io_uring_prep_read_fixed(sqe, ends[0], buffer, sizeof buffer, 0, 0);
  }
  URING(io_uring_submit(&ring));
  pause_ms(100);
  if (!healthy && file)
    URING(io_uring_register_files_update(&ring, 0, &none, 1));
  else if (!healthy)
    URING(io_uring_register_buffers_update_tag(&ring, 0, &empty, &tag, 1));
  truth("%s slot 0 %s", file ? "file" : "buffer", healthy ? "stays" : "was emptied under the request");
  ready();
  return wait_in_vain(&ring);
}
