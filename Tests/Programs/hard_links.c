// Submits chains with hard links (IOSQE_IO_HARDLINK) and soft links (IOSQE_IO_LINK). After an error a chain continues
// across a hard link, but breaks at a soft link.
#include "program.h"

static uint64_t nop(struct ring *ring, unsigned flags) {
  struct io_uring_sqe *nop = sqe(ring);
  io_uring_prep_nop(nop);
  nop->flags = (__u8)flags;
  return nop->user_data;
}

static uint64_t bad_read(struct ring *ring, unsigned flags) {
  static char byte;
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read(read, 9999, &byte, 1, 0);
  read->flags = (__u8)flags;
  return read->user_data;
}

int main(int argc, char **argv) {
  enum { LINK = IOSQE_IO_LINK, HARD = IOSQE_IO_HARDLINK };
  begin("hard_links", &argc, argv);
  struct ring *ring = open_ring(16, 0);
  uint64_t hard[] = {nop(ring, HARD), bad_read(ring, HARD), nop(ring, HARD), nop(ring, 0)};
  submit(ring);
  reap_all(ring);
  uint64_t mixed[] = {
      bad_read(ring, HARD), nop(ring, LINK), bad_read(ring, LINK), nop(ring, HARD), nop(ring, 0)};
  submit(ring);
  reap_all(ring);
  expect(hard[0], 0);
  expect(hard[1], -EBADF);
  expect(hard[2], 0);
  expect(hard[3], 0);
  expect(mixed[0], -EBADF);
  expect(mixed[1], 0);
  expect(mixed[2], -EBADF);
  expect(mixed[3], -ECANCELED);
  expect(mixed[4], -ECANCELED);
  request(mixed[2])->note = "broke its chain";
  say("\"chains\":2,\"broken\":1,\"cancelled\":2");
  return finish();
}
