// Executes all operations on a file from its creation to its removal through io_uring, in a temporary directory. Tests
// the names that uringtop shows for files and opcodes.
#include "program.h"

int main(int argc, char **argv) {
  static char buffer[4096] = "some text";
  static struct statx status;
  begin("file_mix", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  char directory[] = "/tmp/uringtop-mix-XXXXXX";
  check(mkdtemp(directory), "%s: %s", directory, strerror(errno));
  int at = must(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int file = -1, expected[16];
  for (int step = 0; step < 12; step++) {
    struct io_uring_sqe *one = sqe(ring);
    expected[step] = 0;
    switch (step) {
      case 0:
        io_uring_prep_mkdirat(one, at, "sub", 0700);
        break;
      case 1:
        io_uring_prep_openat(one, at, "sub/data", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        break;
      case 2:
        io_uring_prep_write(one, file, buffer, sizeof buffer, 0);
        expected[step] = sizeof buffer;
        break;
      case 3:
        io_uring_prep_fsync(one, file, 0);
        break;
      case 4:
        io_uring_prep_fallocate(one, file, 0, 0, 8192);
        break;
      case 5:
        io_uring_prep_read(one, file, buffer, sizeof buffer, 0);
        expected[step] = sizeof buffer;
        break;
      case 6:
        io_uring_prep_statx(one, at, "sub/data", 0, STATX_SIZE, &status);
        break;
      case 7:
        io_uring_prep_fsync(one, file, IORING_FSYNC_DATASYNC);
        hold();
        break;
      case 8:
        io_uring_prep_close(one, file);
        break;
      case 9:
        io_uring_prep_renameat(one, at, "sub/data", at, "moved", 0);
        break;
      case 10:
        io_uring_prep_unlinkat(one, at, "moved", 0);
        break;
      case 11:
        io_uring_prep_unlinkat(one, at, "sub", AT_REMOVEDIR);
        break;
    }
    submit(ring);
    reap_all(ring);
    const struct request *done = &truth->requests[step];
    if (step == 1)
      expected[step] = file = done->res;
    if (done->res != expected[step] || file == -1 * (step > 0)) {
      unlinkat(at, "sub/data", 0), unlinkat(at, "moved", 0), unlinkat(at, "sub", AT_REMOVEDIR);
      rmdir(directory);
      die("step %d (%s) ended with %d", step, opcode_names[done->opcode], done->res);
    }
  }
  rmdir(directory);
  check(status.stx_size == 8192, "statx gave %llu bytes", (unsigned long long)status.stx_size);
  return finish();
}
