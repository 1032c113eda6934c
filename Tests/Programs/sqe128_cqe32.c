// Three rings: one with 128-byte SQEs, one with 32-byte CQEs, and one with both.
#include "program.h"

int main(int argc, char **argv) {
  static char buffer[600];
  static const unsigned setups[] = {
      IORING_SETUP_SQE128, IORING_SETUP_CQE32, IORING_SETUP_SQE128 | IORING_SETUP_CQE32};
  begin("sqe128_cqe32", &argc, argv);
  int zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  for (int i = 0; i < 3; i++) {
    struct ring *ring = open_ring(8, setups[i]);
    // Submits more requests than the SQ and the CQ have entries, so that a wrong entry size would show.
    for (unsigned batch = 0; batch < 4; batch++) {
      unsigned first = truth->request_count;
      for (unsigned j = 0; j < 7; j++) {
        if (j % 2)
          io_uring_prep_read(sqe(ring), zero, buffer, 1 + batch * 7 + j, 0);
        else
          io_uring_prep_nop(sqe(ring));
      }
      submit(ring);
      reap_all(ring);
      for (unsigned j = 0; j < 7; j++)
        expect(truth->requests[first + j].user_data, j % 2 ? (int)(1 + batch * 7 + j) : 0);
    }
  }
  return finish();
}
