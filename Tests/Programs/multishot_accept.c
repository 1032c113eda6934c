// A multishot ACCEPT that takes three connections and is then cancelled.
#include "program.h"

int main(int argc, char **argv) {
  begin("multishot_accept", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  // Uses an abstract socket address, which creates no file.
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "uringtop-accept-%d", getpid());
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
  int listener = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  must(bind(listener, (struct sockaddr *)&address, size));
  must(listen(listener, 8));
  struct io_uring_sqe *accept = sqe(ring);
  uint64_t accepting = accept->user_data;
  io_uring_prep_multishot_accept(accept, listener, NULL, NULL, SOCK_CLOEXEC);
  submit(ring);
  for (int i = 0; i < 3; i++) {
    int client = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    must(connect(client, (struct sockaddr *)&address, size));
    reap(ring, 1);
    check(request(accepting)->res >= 0, "accept: %s", strerror(-request(accepting)->res));
  }
  hold();
  struct io_uring_sqe *cancel = sqe(ring);
  uint64_t cancelling = cancel->user_data;
  io_uring_prep_cancel64(cancel, accepting, 0);
  submit(ring);
  reap_all(ring);
  expect(accepting, -ECANCELED);
  expect(cancelling, 0);
  say("\"multishot_cqes\":3,\"connections\":3");
  return finish();
}
