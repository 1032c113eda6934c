// TRUTH: multishot POLL_ADD 0xf01 on an eventfd wakes the program's event loop. When the eventfd was written, the CQ (8
// entries) had overflowed with the CQEs of NOPs. A multishot poll that cannot post an auxiliary CQE ends: its last CQE
// has POLLIN and no F_MORE. The loop took all CQEs and did not test F_MORE. It now waits although no request is in
// flight, while the eventfd's counter grows.
// Cure: submit the poll again when F_MORE is missing.
// Source: ClickHouse/silk#80.
#include "case.h"

static int bell;

static __attribute__((noreturn)) void *ring_the_bell(void *unused) {
  (void)unused;
  for (;;) {
    eventfd_write(bell, 1);
    pause_ms(300);
  }
}

static void arm(struct io_uring *ring) {
  io_uring_prep_poll_multishot(next(ring, 0xf01), bell, POLLIN);
  URING(io_uring_submit(ring));
}

int main(int argc, char **argv) {
  struct io_uring ring;
  struct io_uring_cqe *found;
  eventfd_t count;
  struct io_uring_params parameters = {.flags = IORING_SETUP_CQSIZE, .cq_entries = 8};
  begin(argc, argv);
  URING(io_uring_queue_init_params(8, &ring, &parameters));
  bell = (int)MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  fact("fd", "%d", bell);
  arm(&ring);
  for (int batch = 0; batch < (healthy ? 0 : 2); batch++) {
    for (int i = 0; i < 8; i++)
      io_uring_prep_nop(next(&ring, 0xf10));
    URING(io_uring_submit(&ring));
  }
  eventfd_write(bell, 1);
  syscall(SYS_getppid); // any system call runs pending task work
  while (!io_uring_peek_cqe(&ring, &found)) {
    struct result cqe = take(&ring);
    if (cqe.user_data != 0xf01)
      continue;
    truth(
        "POLL_ADD 0xf01 on fd %d: %d, flags 0x%x (F_MORE is %s)", bell, cqe.res, cqe.flags,
        cqe.flags & IORING_CQE_F_MORE ? "set" : "missing");
    eventfd_read(bell, &count);
  }
  start(ring_the_bell, NULL);
  ready();
  while (healthy) {
    struct result cqe = take(&ring);
    eventfd_read(bell, &count);
    if (!(cqe.flags & IORING_CQE_F_MORE))
      arm(&ring);
  }
  return wait_in_vain(&ring);
}
