// TRUTH: SPLICE 0xa01 from pipe A (fd_in, empty; this process holds its write end) to pipe B always runs in an io-wq
// worker, which sleeps until A has data. SPLICE 0xa02 from A to pipe C also waits for data in A, so two workers are
// blocked.
// Cure: wait for pipe A with a POLL_ADD first, or set SPLICE_F_NONBLOCK and retry.
// Source: ocaml-multicore/eio#327, lalinsky/zio#630, axboe/liburing#460.
#include "case.h"

int main(int argc, char **argv) {
  struct io_uring ring;
  int in[2], out[2], other[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  MUST(pipe2(in, O_CLOEXEC));
  MUST(pipe2(out, O_CLOEXEC));
  MUST(pipe2(other, O_CLOEXEC));
  fact("in_fd", "%d", in[0]);
  fact("in", "%lu", inode(in[0]));
  fact("writer", "%d", in[1]);
  fact("out", "%lu", inode(out[1]));
  if (healthy) {
    io_uring_prep_poll_add(next(&ring, 0xa00), in[0], POLLIN);
  } else {
    io_uring_prep_splice(next(&ring, 0xa01), in[0], -1, out[1], -1, 4096, 0);
    io_uring_prep_splice(next(&ring, 0xa02), in[0], -1, other[1], -1, 4096, 0);
  }
  URING(io_uring_submit(&ring));
  truth("SPLICE 0xa01 and 0xa02 wait for data in fd %d (pipe:[%lu])", in[0], inode(in[0]));
  ready();
  return wait_in_vain(&ring);
}
