// TRUTH: no fault. Two multishot requests of each kind are in flight: POLL_ADD 0x10 and 0x11, RECV 0x20 and 0x21,
// ACCEPT 0x30 and 0x31. The second of each kind has posted a CQE, the first has not. The program's FACT lines give the
// inode of each request's file.
#include "case.h"

int main(int argc, char **argv) {
  static char buffers[8][64];
  struct io_uring ring;
  unsigned short port;
  int pipes[2][2], pairs[2][2];
  begin(argc, argv);
  URING(io_uring_queue_init(16, &ring, 0));
  struct io_uring_buf_ring *group = open_buffer_ring(&ring, 8, 1);
  for (int i = 0; i < 8; i++)
    io_uring_buf_ring_add(group, buffers[i], 64, (unsigned short)i, 7, i);
  io_uring_buf_ring_advance(group, 8);
  for (unsigned i = 0; i < 2; i++) {
    char name[16];
    MUST(pipe2(pipes[i], O_CLOEXEC));
    open_socket_pair(pairs[i]);
    int listener = listen_loopback(&port, 0);
    io_uring_prep_poll_multishot(next(&ring, 0x10 + i), pipes[i][0], POLLIN);
    struct io_uring_sqe *sqe = next(&ring, 0x20 + i);
    io_uring_prep_recv_multishot(sqe, pairs[i][0], NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 1;
    io_uring_prep_multishot_accept(next(&ring, 0x30 + i), listener, NULL, NULL, 0);
    URING(io_uring_submit(&ring));
    snprintf(name, sizeof name, "pipe%u", i);
    fact(name, "%lu", inode(pipes[i][0]));
    snprintf(name, sizeof name, "pair%u", i);
    fact(name, "%lu", inode(pairs[i][0]));
    snprintf(name, sizeof name, "listener%u", i);
    fact(name, "%lu", inode(listener));
    if (i) {
      put(pipes[i][1], "x");
      put(pairs[i][1], "x");
      connect_loopback(port);
    }
  }
  for (int i = 0; i < 3; i++)
    take(&ring);
  ready();
  return wait_in_vain(&ring);
}
