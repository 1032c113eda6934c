// TRUTH: the ring has IORING_SETUP_DEFER_TASKRUN and no IORING_SETUP_TASKRUN_FLAG. Data for RECV 0x501 has arrived. The
// RECV's completion is task work of the ring, which runs only when the submitter calls io_uring_enter with GETEVENTS.
// The program looks at the CQ every 10 ms with io_uring_peek_cqe, which does not enter the kernel.
// Cure: call io_uring_get_events, or set IORING_SETUP_TASKRUN_FLAG.
// Source: tokio-rs/io-uring#263, socketry/io-event#166, jordanisaacs/rustix-uring#7, Codesire-Deng/co_context#40.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[64];
  struct io_uring ring;
  struct io_uring_cqe *cqe;
  int pair[2];
  begin(argc, argv);
  unsigned setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  URING(io_uring_queue_init(8, &ring, setup | (healthy ? IORING_SETUP_TASKRUN_FLAG : 0)));
  open_socket_pair(pair);
  io_uring_prep_recv(next(&ring, 0x501), pair[0], buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  put(pair[1], "hello");
  fact("fd", "%d", pair[0]);
  for (int i = 0;; i++) {
    bool arrived = !io_uring_peek_cqe(&ring, &cqe);
    if (arrived)
      io_uring_cqe_seen(&ring, cqe);
    if (i == 50) {
      truth("RECV 0x501 on fd %d: 5 bytes arrived 500 ms ago, peeked 50 times", pair[0]);
      ready();
    }
    pause_ms(10);
  }
}
