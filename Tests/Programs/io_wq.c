// Requests that io-wq workers execute: reads and NOPs with IOSQE_ASYNC, buffered writes to one memfd (io-wq hashes them
// by file and executes one at a time), and operations that workers always execute.
#include "program.h"

int main(int argc, char **argv) {
  enum { COUNT = 4, SIZE = 4096 };
  static char buffer[COUNT][SIZE];
  static struct statx status;
  begin("io_wq", &argc, argv);
  struct ring *ring = open_ring(32, 0);
  int file = temporary_file(COUNT * SIZE);
  int memory = must(memfd_create("uringtop-test", MFD_CLOEXEC));
  uint64_t ids[4][COUNT];
  for (int i = 0; i < COUNT; i++) {
    struct io_uring_sqe *read = sqe(ring);
    io_uring_prep_read(read, file, buffer[i], SIZE, (__u64)i * SIZE);
    read->flags = IOSQE_ASYNC;
    ids[0][i] = read->user_data;
    struct io_uring_sqe *nop = sqe(ring);
    io_uring_prep_nop(nop);
    nop->flags = IOSQE_ASYNC;
    ids[1][i] = nop->user_data;
  }
  submit(ring);
  reap_all(ring);
  for (int i = 0; i < COUNT; i++) {
    struct io_uring_sqe *write = sqe(ring);
    // Does not set IOSQE_ASYNC. With this flag, Linux 6.12 to 7.2 queue the work before they look up the file, and so
    // do not hash it.
    io_uring_prep_write(write, memory, buffer[i], SIZE, (__u64)i * SIZE);
    ids[2][i] = write->user_data;
    struct io_uring_sqe *stat = sqe(ring);
    io_uring_prep_statx(stat, AT_FDCWD, "/", 0, STATX_SIZE, &status);
    ids[3][i] = stat->user_data;
  }
  submit(ring);
  reap_all(ring);
  for (int i = 0; i < COUNT; i++) {
    expect(ids[0][i], SIZE);
    expect(ids[1][i], 0);
    expect(ids[2][i], SIZE);
    expect(ids[3][i], 0);
  }
  say("\"async_reads\":4,\"hashed_writes\":4,\"async_nops\":4,\"forced\":4");
  return finish();
}
