// TRUTH: the program uses user_data 0x2101 for two objects. READ 0x2101 on pipe A, for the old object, is still in
// flight when the program frees that object and submits READ 0x2101 on pipe B for the new object. The new READ
// completes first. Then the old READ's CQE arrives with the same user_data, and the program attributes it to the new
// object.
// Cure: cancel the old READ and take its CQE before reusing its user_data, or put a generation number in user_data.
#include "case.h"

int main(int argc, char **argv) {
  static char old_buffer[64], new_buffer[64];
  struct io_uring ring;
  int a[2], b[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  MUST(pipe2(a, O_CLOEXEC));
  MUST(pipe2(b, O_CLOEXEC));
  for (unsigned round = 0;; round++) {
    io_uring_prep_read(next(&ring, 0x2101), a[0], old_buffer, 4, 0);
    io_uring_prep_read(next(&ring, healthy ? 0x2102 : 0x2101), b[0], new_buffer, 3, 0);
    URING(io_uring_submit(&ring));
    put(b[1], "new");
    int first = take(&ring).res;
    pause_ms(50);
    put(a[1], "old!");
    int second = take(&ring).res;
    if (round == 1) {
      truth("the new request's CQE has %d, the stale one %d", first, second);
      ready();
    }
    pause_ms(200);
  }
}
