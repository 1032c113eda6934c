// Receives on sockets without data. The kernel tries each receive once, arms a poll for it, and tries it again when
// data arrives.
#include "program.h"

int main(int argc, char **argv) {
  enum { COUNT = 4 };
  static char buffer[COUNT][64];
  begin("poll_armed", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int pairs[COUNT][2];
  uint64_t receiving[COUNT];
  for (int i = 0; i < COUNT; i++) {
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]));
    struct io_uring_sqe *recv = sqe(ring);
    io_uring_prep_recv(recv, pairs[i][0], buffer[i], sizeof buffer[i], 0);
    receiving[i] = recv->user_data;
  }
  submit(ring);
  check(!io_uring_cq_ready(&ring->uring), "a receive did not wait");
  hold();
  static const char *const texts[] = {"a", "bc", "def", "ghij"};
  for (int i = 0; i < COUNT; i++) {
    put(pairs[i][1], texts[i]);
    reap(ring, 1);
    expect(receiving[i], i + 1);
  }
  say("\"poll_armed\":4");
  return finish();
}
