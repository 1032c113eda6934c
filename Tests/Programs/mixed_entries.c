// A ring that mixes 16- and 32-byte CQEs (IORING_SETUP_CQE_MIXED, 6.18 and later) and, where the kernel has it, 64- and
// 128-byte SQEs (IORING_SETUP_SQE_MIXED). NOPs with IORING_NOP_CQE32 post the 32-byte CQEs.
#include "program.h"

enum { NOP128 = 63 }; // IORING_OP_NOP128

// Reaps CQEs of both sizes, which liburing 2.3 does not support.
static void reap_mixed(struct ring *ring, unsigned count) {
  struct io_uring_cq *cq = &ring->uring.cq;
  while (count) {
    unsigned head = *cq->khead;
    if (head == __atomic_load_n(cq->ktail, __ATOMIC_ACQUIRE)) {
      must_uring(io_uring_enter(ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL));
      continue;
    }
    struct io_uring_cqe *cqe = &cq->cqes[head & cq->ring_mask];
    if (!(cqe->flags & (1u << 5))) { // IORING_CQE_F_SKIP: padding at the end of the ring
      record(ring, cqe);
      count--;
    }
    __atomic_store_n(cq->khead, head + ((cqe->flags & IORING_CQE_F_32) ? 2 : 1), __ATOMIC_RELEASE);
  }
}

int main(int argc, char **argv) {
  begin("mixed_entries", &argc, argv);
  // Probes the kernel's opcodes with a plain ring.
  struct io_uring_probe *probe = io_uring_get_probe_ring(&open_ring(1, 0)->uring);
  check(probe, "no probe");
  unsigned setup = IORING_SETUP_CQE_MIXED | (probe->last_op >= NOP128 ? IORING_SETUP_SQE_MIXED : 0);
  io_uring_free_probe(probe);
  struct ring *ring = open_ring(8, setup);
  unsigned big = 0, big_sqes = 0;
  for (int batch = 0; batch < 5; batch++) {
    unsigned count = 0;
    for (; count < 5; count++) {
      struct io_uring_sqe *nop = sqe(ring);
      io_uring_prep_nop(nop);
      if (count % 2) {
        nop->rw_flags = IORING_NOP_CQE32;
        big++;
      }
    }
    submit(ring);
    reap_mixed(ring, count);
  }
  for (unsigned i = 0; i < truth->request_count; i++) {
    if (truth->requests[i].res == -EINVAL)
      skip("this kernel has no NOPs with 32-byte CQEs");
    expect(truth->requests[i].user_data, 0);
  }
  if (setup & IORING_SETUP_SQE_MIXED) {
    // NOP128 fills two consecutive SQE slots, which the kernel takes as one request. submit() would count two requests,
    // so this code records the request itself. NOP128 must not wrap around the end of the SQ, and does not after the
    // first 25 SQEs.
    check((ring->uring.sq.sqe_tail & ring->uring.sq.ring_mask) < 7, "NOP128 would wrap around");
    struct io_uring_sqe *nop = sqe(ring);
    uint64_t user_data = nop->user_data;
    nop->opcode = NOP128;
    nop->fd = -1;
    memset(io_uring_get_sqe(&ring->uring), 0, 64);
    truth->requests[truth->request_count++] = (struct request){
        .user_data = user_data, .ring = ring->index, .fd = -1, .submitter = getpid(), .opcode = NOP128};
    must_uring(io_uring_submit(&ring->uring));
    reap_mixed(ring, 1);
    expect(user_data, 0);
    big_sqes++;
  }
  say("\"big_cqes\":%u,\"big_sqes\":%u", big, big_sqes);
  return finish();
}
