// TRUTH: io_uring_register_buffers of 1 MiB failed with ENOMEM (RLIMIT_MEMLOCK is 64 KiB, and CAP_IPC_LOCK is missing).
// The program ignores the error. The ring has no buffer table, so each READ_FIXED 0x1100 fails with EFAULT although its
// memory is mapped.
// Cure: raise RLIMIT_MEMLOCK, or use READ instead of READ_FIXED after the failure.
// Source: axboe/liburing#365, versatica/mediasoup#1331, iree-org/iree#23654.
#include "case.h"

int main(int argc, char **argv) {
  struct io_uring ring;
  begin(argc, argv);
  struct rlimit limit = {65536, 65536};
  MUST(setrlimit(RLIMIT_MEMLOCK, &limit));
  MUST(setgid(65534));
  MUST(setuid(65534));
  URING(io_uring_queue_init(8, &ring, 0));
  char *buffer = map(1 << 20);
  struct iovec vector = {buffer, healthy ? 4096 : 1 << 20};
  int zero = (int)MUST(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  int result = io_uring_register_buffers(&ring, &vector, 1);
  truth("io_uring_register_buffers: %d", result);
  fact("fd", "%d", zero);
  for (int i = 0;; i++) {
    io_uring_prep_read_fixed(next(&ring, 0x1100), zero, buffer, 4096, 0, 0);
    URING(io_uring_submit(&ring));
    result = take(&ring).res;
    if (i == 2) {
      truth("READ_FIXED 0x1100 on fd %d: %d", zero, result);
      ready();
    }
    pause_ms(50);
  }
}
