// TRUTH: RECV 0x1401 waits on a socketpair whose other end this process holds and never writes to. No other request of
// the ring has completed, and no thread waits for a CQE or looks at the CQ: the main thread sleeps in nanosleep.
// Cure: cancel the request when it is no longer needed, or wait for it.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[64];
  struct io_uring ring;
  int pair[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  open_socket_pair(pair);
  fact("fd", "%d", pair[0]);
  io_uring_prep_recv(next(&ring, 0x1401), pair[0], buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  truth("RECV 0x1401 on fd %d, whose peer is fd %d of the same process", pair[0], pair[1]);
  ready();
  for (;;) {
    sleep(1);
    if (!healthy)
      continue;
    put(pair[1], "data");
    take(&ring);
    io_uring_prep_recv(next(&ring, 0x1401), pair[0], buffer, sizeof buffer, 0);
    URING(io_uring_submit(&ring));
  }
}
