// Chains of linked requests: one that succeeds, one broken by a short read, one broken by an error in its middle, and
// one that waits for data.
#include "program.h"

static char buffer[4096];

static uint64_t read_at(struct ring *ring, int fd, unsigned length, unsigned flags) {
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read(read, fd, buffer, length, 0);
  read->flags = (__u8)flags;
  return read->user_data;
}

static uint64_t nop(struct ring *ring, unsigned flags) {
  struct io_uring_sqe *nop = sqe(ring);
  io_uring_prep_nop(nop);
  nop->flags = (__u8)flags;
  return nop->user_data;
}

int main(int argc, char **argv) {
  enum { LINK = IOSQE_IO_LINK };
  begin("links", &argc, argv);
  struct ring *ring = open_ring(16, 0);
  int file = temporary_file(100), fds[2];
  make_pipe(fds);

  uint64_t good[] = {read_at(ring, file, 100, LINK), nop(ring, LINK), read_at(ring, file, 50, 0)};
  submit(ring);
  reap_all(ring);
  uint64_t shorted[] = {read_at(ring, file, 4096, LINK), nop(ring, LINK), nop(ring, 0)};
  submit(ring);
  reap_all(ring);
  uint64_t broken[] = {nop(ring, LINK), read_at(ring, 9999, 10, LINK), nop(ring, LINK), nop(ring, 0)};
  submit(ring);
  reap_all(ring);
  uint64_t parked[] = {read_at(ring, fds[0], 5, LINK), nop(ring, LINK), nop(ring, 0)};
  submit(ring);
  hold();
  put(fds[1], "hello");
  reap_all(ring);

  expect(good[0], 100);
  expect(good[1], 0);
  expect(good[2], 50);
  expect(shorted[0], 100);
  expect(shorted[1], -ECANCELED);
  expect(shorted[2], -ECANCELED);
  expect(broken[0], 0);
  expect(broken[1], -EBADF);
  expect(broken[2], -ECANCELED);
  expect(broken[3], -ECANCELED);
  expect(parked[0], 5);
  expect(parked[1], 0);
  expect(parked[2], 0);
  request(shorted[0])->note = "broke its chain: short read";
  request(broken[1])->note = "broke its chain";
  say("\"chains\":4,\"broken\":2,\"cancelled\":4,\"causes\":[\"0x%" PRIx64 "\",\"0x%" PRIx64 "\"]",
      shorted[0], broken[1]);
  return finish();
}
