// TRUTH: RECV 0x101 stays armed on a TCP socket whose descriptor was closed with close(2). The descriptor number now
// belongs to another connection. Only the request keeps the old socket open, so the old socket's peer got no FIN. The
// new connection's client has sent 5 bytes, which stay in the new socket because no request reads it.
// Cure: shutdown(2) or ASYNC_CANCEL_FD before close(2), and a RECV on the new socket.
// Source: axboe/liburing#363, #932, #1048.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[512], second_buffer[512];
  struct io_uring ring;
  unsigned short port;
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  int listener = listen_loopback(&port, 0);
  int client = connect_loopback(port);
  int server = (int)MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
  unsigned short old_port = peer_port(server);
  unsigned long old_inode = inode(server);
  io_uring_prep_recv(next(&ring, 0x101), server, buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));

  int second_client = connect_loopback(port);
  if (healthy)
    MUST(shutdown(server, SHUT_RDWR));
  MUST(close(server));
  int again = (int)MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC)); // the same number as `server`
  if (healthy) {
    take(&ring);
    io_uring_prep_recv(next(&ring, 0x102), again, second_buffer, sizeof second_buffer, 0);
    URING(io_uring_submit(&ring));
  }
  put(second_client, "hello");
  if (healthy) {
    take(&ring);
    io_uring_prep_recv(next(&ring, 0x102), again, second_buffer, sizeof second_buffer, 0);
    URING(io_uring_submit(&ring));
  }

  struct pollfd fin = {.fd = client, .events = POLLIN};
  truth(
      "RECV 0x101 is on socket:[%lu] 127.0.0.1:%u <- 127.0.0.1:%u; fd %d is now socket:[%lu] from 127.0.0.1:%u "
      "(same number: %s); the old peer saw %s",
      old_inode, port, old_port, again, inode(again), peer_port(again), again == server ? "yes" : "NO",
      poll(&fin, 1, 300) ? "a FIN" : "no FIN");
  fact("fd", "%d", again);
  fact("old", "%lu", old_inode);
  fact("old_port", "%u", old_port);
  fact("new", "%lu", inode(again));
  ready();
  return wait_in_vain(&ring);
}
