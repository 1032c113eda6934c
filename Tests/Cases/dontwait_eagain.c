// TRUTH: RECV 0x700 has MSG_DONTWAIT in its flags, so io_uring does not arm a poll when the socket is empty: the
// request completes with EAGAIN at once, and the program submits it again after a millisecond.
// Cure: drop MSG_DONTWAIT.
// Source: axboe/liburing#897, #364, scylladb/seastar#3479.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[64];
  struct io_uring ring;
  int pair[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  open_socket_pair(pair);
  fact("fd", "%d", pair[0]);
  if (healthy)
    ready();
  for (int i = 0;; i++) {
    io_uring_prep_recv(next(&ring, 0x700), pair[0], buffer, sizeof buffer, healthy ? 0 : MSG_DONTWAIT);
    URING(io_uring_submit(&ring));
    int result = take(&ring).res;
    if (i == 100) {
      truth("RECV 0x700 on fd %d, 100 times: %d (%s)", pair[0], result, strerror(-result));
      ready();
    }
    pause_ms(1);
  }
}
