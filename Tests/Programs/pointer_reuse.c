// 512 requests, one after the other: NOPs, and reads with distinct lengths. The kernel reuses the same io_kiocb for
// them.
#include "program.h"

int main(int argc, char **argv) {
  enum { COUNT = 512 };
  static char buffer[COUNT];
  begin("pointer_reuse", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  for (int i = 0; i < COUNT; i++) {
    struct io_uring_sqe *one = sqe(ring);
    uint64_t user_data = one->user_data;
    if (i % 2)
      io_uring_prep_read(one, zero, buffer, (unsigned)i, 0);
    else
      io_uring_prep_nop(one);
    submit(ring);
    reap(ring, 1);
    expect(user_data, i % 2 ? i : 0);
  }
  return finish();
}
