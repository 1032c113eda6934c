// Completes more requests than the CQ can hold. The kernel puts the excess CQEs on the overflow list and drops none;
// the program reaps them later. A second ring is closed with unreaped CQEs, some of them on its overflow list.
#include "program.h"

enum { ENTRIES = 8 };

// Submits three batches of NOPs to a ring whose CQ holds one batch.
static void overflow(struct ring *ring) {
  for (int batch = 0; batch < 3; batch++) {
    for (int i = 0; i < ENTRIES; i++) {
      io_uring_prep_nop(sqe(ring));
    }
    unsigned first = truth->request_count;
    submit(ring);
    for (unsigned i = first; batch > 0 && i < truth->request_count; i++)
      truth->requests[i].overflowed = true;
  }
  check(io_uring_cq_has_overflow(&ring->uring), "the CQ did not overflow");
}

int main(int argc, char **argv) {
  begin("cq_overflow", &argc, argv);
  struct io_uring_params parameters = {.flags = IORING_SETUP_CQSIZE, .cq_entries = ENTRIES};
  struct ring *reaped = open_ring_with(ENTRIES, parameters), *abandoned = open_ring_with(ENTRIES, parameters);
  if (!(reaped->uring.features & IORING_FEAT_NODROP))
    skip("this kernel has no IORING_FEAT_NODROP");
  overflow(reaped);
  say("\"note\":\"in_flight of the ready line: for the kernel all of them have ended\"");
  hold();
  reap_all(reaped);
  check(*reaped->uring.cq.koverflow == 0, "CQEs were dropped");
  overflow(abandoned);
  close_ring(abandoned);
  // The requests of the closed ring had ended with CQEs that the program never reaped. The CQEs on the overflow list
  // vanish with the ring, without a trace event.
  for (unsigned i = 0; i < truth->request_count; i++)
    if (truth->requests[i].end == END_RING_EXIT) {
      truth->requests[i].end = END_CQE;
      truth->requests[i].unreaped = true;
    }
  say("\"dropped\":0");
  return finish();
}
