// TRUTH: the program submits a batch of four SQEs: NOP 0x1801, READ 0x1802 with an invalid ioprio, READ 0x1803 and READ
// 0x1804. READ 0x1802 fails with EINVAL in preparation. The ring lacks IORING_SETUP_SUBMIT_ALL, so the kernel stops
// there, and io_uring_submit returns 2. The program ignores this result: the SQEs 0x1803 and 0x1804 stay in the SQ and
// do not become requests.
// Cure: compare the result of io_uring_submit with the number of queued SQEs, or set IORING_SETUP_SUBMIT_ALL.
#include "case.h"

int main(int argc, char **argv) {
  static char buffers[3][64];
  struct io_uring ring;
  int pipe_[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, healthy ? IORING_SETUP_SUBMIT_ALL : 0));
  MUST(pipe2(pipe_, O_CLOEXEC));
  io_uring_prep_nop(next(&ring, 0x1801));
  for (unsigned i = 0; i < 3; i++) {
    struct io_uring_sqe *sqe = next(&ring, 0x1802 + i);
    io_uring_prep_read(sqe, pipe_[0], buffers[i], sizeof buffers[i], 0);
    if (i == 0 && !healthy)
      sqe->ioprio = 0xffff;
  }
  int submitted = io_uring_submit(&ring);
  take(&ring);
  if (!healthy)
    take(&ring);
  truth("io_uring_submit took %d of 4", submitted);
  ready();
  return wait_in_vain(&ring);
}
