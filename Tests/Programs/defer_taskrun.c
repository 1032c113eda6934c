// Uses a DEFER_TASKRUN ring: completions wait until the submitter enters the kernel to get them (tracepoint
// io_uring_local_work_run).
#include "program.h"

int main(int argc, char **argv) {
  enum { COUNT = 4 };
  static char buffer[COUNT][64];
  begin("defer_taskrun", &argc, argv);
  struct ring *ring = open_ring(8, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
  int pairs[COUNT][2];
  for (int i = 0; i < COUNT; i++) {
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]));
    io_uring_prep_recv(sqe(ring), pairs[i][0], buffer[i], sizeof buffer[i], 0);
  }
  submit(ring);
  for (int i = 0; i < COUNT; i++)
    put(pairs[i][1], "data");
  sleep_ms(20);
  check(!io_uring_cq_ready(&ring->uring), "the completions did not wait");
  hold();
  reap_all(ring);
  for (unsigned i = 0; i < COUNT; i++)
    expect(truth->requests[i].user_data, 4);
  return finish();
}
