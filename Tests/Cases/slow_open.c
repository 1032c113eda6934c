// TRUTH: io_uring always runs an OPENAT with O_CREAT (0x2801) and a STATX (0x2802) in an io-wq worker. The program's
// file exists and is cached. Still, each time that the program opens the file, both requests run in a worker.
// Cure: open without O_CREAT first, because the kernel tries such an OPENAT inline; keep files open.
#include "case.h"

int main(int argc, char **argv) {
  static struct statx status;
  struct io_uring ring;
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  for (unsigned i = 0;; i++) {
    int flags = O_RDONLY | O_CLOEXEC | (healthy ? 0 : O_CREAT);
    io_uring_prep_openat(next(&ring, 0x2801), AT_FDCWD, "/dev/null", flags, 0600);
    URING(io_uring_submit(&ring));
    int fd = URING(take(&ring).res);
    if (!healthy) {
      io_uring_prep_statx(next(&ring, 0x2802), fd, "", AT_EMPTY_PATH, STATX_SIZE, &status);
      URING(io_uring_submit(&ring));
      URING(take(&ring).res);
    }
    MUST(close(fd));
    if (i == 50) {
      truth("50 OPENATs%s", healthy ? "" : " with O_CREAT and 50 STATXs");
      ready();
    }
    pause_ms(2);
  }
}
