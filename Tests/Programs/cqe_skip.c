// Uses IOSQE_CQE_SKIP_SUCCESS in single requests, in chains, and in requests that fail. A failing request posts a CQE
// despite the flag.
#include "program.h"

static uint64_t nop(struct ring *ring, unsigned flags) {
  struct io_uring_sqe *nop = sqe(ring);
  io_uring_prep_nop(nop);
  nop->flags = (__u8)flags;
  return nop->user_data;
}

// Queues a READ that fails with -EBADF when it is issued.
static uint64_t bad_read(struct ring *ring, unsigned flags) {
  static char byte;
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read(read, 9999, &byte, 1, 0);
  read->flags = (__u8)flags;
  return read->user_data;
}

static void ended(uint64_t user_data, enum end end) {
  request(user_data)->end = end;
}

int main(int argc, char **argv) {
  enum { SKIP = IOSQE_CQE_SKIP_SUCCESS, LINK = IOSQE_IO_LINK };
  begin("cqe_skip", &argc, argv);
  struct ring *ring = open_ring(32, 0);
  if (!(ring->uring.features & IORING_FEAT_CQE_SKIP))
    skip("this kernel has no IORING_FEAT_CQE_SKIP");

  // A single request: no CQE.
  uint64_t alone = nop(ring, SKIP);
  // A chain in which every request has the flag: no CQE.
  uint64_t chain[] = {nop(ring, SKIP | LINK), nop(ring, SKIP | LINK), nop(ring, SKIP)};
  // A chain whose last request posts a CQE.
  uint64_t tail[] = {nop(ring, SKIP | LINK), nop(ring, SKIP | LINK), nop(ring, 0)};
  // A request that fails posts a CQE.
  uint64_t failing = bad_read(ring, SKIP);
  // The head fails and has the flag: only the head posts a CQE; the kernel cancels the other requests without CQEs.
  uint64_t silent[] = {bad_read(ring, SKIP | LINK), nop(ring, LINK), nop(ring, 0)};
  // The head fails and lacks the flag: the other requests post CQEs with -ECANCELED even if they have the flag.
  uint64_t loud[] = {bad_read(ring, LINK), nop(ring, SKIP | LINK), nop(ring, SKIP)};
  submit(ring);
  reap(ring, 6);
  // All requests above were queued before this NOP and end when they are issued, so the NOP's CQE is the last.
  uint64_t barrier = nop(ring, 0);
  submit(ring);
  reap_done(ring, barrier);
  check(!io_uring_cq_ready(&ring->uring), "more CQEs than expected");

  ended(alone, END_SKIPPED);
  for (int i = 0; i < 3; i++)
    ended(chain[i], END_SKIPPED);
  ended(tail[0], END_SKIPPED);
  ended(tail[1], END_SKIPPED);
  expect(tail[2], 0);
  expect(failing, -EBADF);
  expect(silent[0], -EBADF);
  ended(silent[1], END_SILENT);
  ended(silent[2], END_SILENT);
  expect(loud[0], -EBADF);
  expect(loud[1], -ECANCELED);
  expect(loud[2], -ECANCELED);
  return finish();
}
