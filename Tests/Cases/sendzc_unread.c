// TRUTH: SEND_ZC 0xc01 of 1 MiB has posted its result CQE (with F_MORE). Its notification CQE follows when the last
// byte has left the send queue. The peer, a child process, does not read. The peer's receive window is full, and most
// of the data stays in this socket's send queue. The program waits for the notification before it continues.
// With the argument `closed` the program has closed its socket: the connection stays open without any descriptor.
// Cure: use other buffers for further sends, and shut the connection down when the wait is too long; or let the peer
// read.
// Source: oferchen/rsync#7600, axboe/liburing#643, #801, netty/netty#17238.
#include "case.h"

enum { SIZE = 1 << 20 };

int main(int argc, char **argv) {
  static char sink[65536];
  struct io_uring ring;
  unsigned short port;
  int big = 8 << 20;
  const char *way = begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  char *buffer = map(SIZE);
  int listener = listen_loopback(&port, 4096);
  pid_t child = fork_child();
  if (!child) {
    int peer = (int)MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    close(ring.ring_fd);
    while (healthy && read(peer, sink, sizeof sink) > 0)
      ;
    sleep_for_ever();
  }
  int fd = connect_loopback(port);
  close(listener);
  MUST(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof big));
  fact("fd", "%d", fd);
  fact("port", "%u", port);
  fact("peer", "%d", child);
  if (healthy)
    io_uring_prep_send_zc(next(&ring, 0xc01), fd, buffer, 4096, 0, 0);
  else
    io_uring_prep_send_zc(next(&ring, 0xc01), fd, buffer, SIZE, 0, 0);
  URING(io_uring_submit(&ring));
  struct result cqe = take(&ring);
  truth("SEND_ZC 0xc01 on fd %d: %d, flags 0x%x; the peer is process %d", fd, cqe.res, cqe.flags, child);
  if (!strcmp(way, "closed") && !healthy) {
    close(fd);
    truth("fd %d is closed", fd);
  }
  if (healthy) {
    take(&ring);
    io_uring_prep_recv(next(&ring, 0xc02), fd, sink, sizeof sink, 0);
    URING(io_uring_submit(&ring));
  }
  pause_ms(500);
  truth("%u CQEs after 500 ms", io_uring_cq_ready(&ring));
  ready();
  return wait_in_vain(&ring);
}
