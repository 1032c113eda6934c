// TRUTH: FUTEX_WAIT 0x2901 waits for a word to change from 0. The program has stored 1 in the word without FUTEX_WAKE,
// so the request still waits although the word differs from the expected value 0. Cure: wake the futex after the store.
#include "case.h"

static uint32_t word;

int main(int argc, char **argv) {
  struct io_uring ring;
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  prep_futex_wait(next(&ring, 0x2901), &word, 0);
  URING(io_uring_submit(&ring));
  pause_ms(100);
  __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
  fact("address", "%lx", (unsigned long)&word);
  if (healthy) {
    syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
    take(&ring);
    prep_futex_wait(next(&ring, 0x2902), &word, 1);
    URING(io_uring_submit(&ring));
  }
  truth("the word is %u", word);
  ready();
  return wait_in_vain(&ring);
}
