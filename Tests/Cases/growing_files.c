// TRUTH: no fault. Argument `reopen`: the program reads a 100-byte file to its end as cat does, closes it with
// close(2), and reads an 8 KiB file on the same descriptor number. Argument `ring`: the program does the same, but
// opens and closes the files through the ring. Argument `tail`: the program reads a file to its end, and continues
// after the file has grown. No READ is a short transfer: a READ returns fewer bytes than it requested only at the
// file's end.
#include "case.h"

static struct io_uring ring;
static char buffer[4096];

static int run(void) {
  URING(io_uring_submit(&ring));
  return take(&ring).res;
}

static int read_at(int fd, long offset) {
  io_uring_prep_read(next(&ring, 0x10), fd, buffer, sizeof buffer, (uint64_t)offset);
  return run();
}

static int open_file(const char *path, bool through_ring) {
  if (!through_ring)
    return (int)MUST(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  io_uring_prep_openat(next(&ring, 0x20), AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  return URING(run());
}

static void close_file(int fd, bool through_ring) {
  if (!through_ring) {
    MUST(close(fd));
    return;
  }
  io_uring_prep_close(next(&ring, 0x30), fd);
  URING(run());
}

int main(int argc, char **argv) {
  static char zeros[8192];
  const char *mode = begin(argc, argv);
  char path[64];
  bool through_ring = !strcmp(mode, "ring");
  URING(io_uring_queue_init(8, &ring, 0));
  snprintf(path, sizeof path, "/var/tmp/growing.%d", getpid());
  for (unsigned round = 0;; round++) {
    for (int size = 100; size <= 8192; size += 8092) {
      int fd = open_file(path, through_ring);
      MUST(unlink(path));
      MUST(pwrite(fd, zeros, (size_t)size, 0));
      long offset = 0;
      for (int got; (got = URING(read_at(fd, offset))) > 0;)
        offset += got;
      if (!strcmp(mode, "tail")) {
        MUST(pwrite(fd, zeros, sizeof zeros, offset));
        read_at(fd, offset);
      }
      close_file(fd, through_ring);
    }
    if (round == 1)
      ready();
    pause_ms(200);
  }
}
