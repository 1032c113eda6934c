// TRUTH: the ring has IORING_SETUP_SINGLE_ISSUER, so only its creator, the main thread, may submit. A second thread
// queues READ 0x401 and calls io_uring_submit every 500 ms: each io_uring_enter fails with EEXIST, which the program
// ignores. The SQE stays in the SQ, no request exists, and the main thread sleeps in pthread_join.
// Cure: submit from the thread that made the ring, or create it with IORING_SETUP_R_DISABLED and enable it in the thread
// that submits.
// Source: Thomasdezeeuw/a10#261, axboe/liburing#1135, #887, ydb-platform/nbs#3883.
#include "case.h"

static struct io_uring ring;
static int pipe_[2];

static void *work(void *unused) {
  static char buffer[64];
  struct io_uring_cqe *cqe;
  (void)unused;
  if (healthy)
    URING(io_uring_enable_rings(&ring));
  fact("worker", "%d", thread_id());
  io_uring_prep_read(next(&ring, 0x401), pipe_[0], buffer, sizeof buffer, 0);
  int result = io_uring_submit(&ring);
  truth("io_uring_submit in thread %d: %d", thread_id(), result);
  if (healthy)
    take(&ring);
  ready();
  while (io_uring_peek_cqe(&ring, &cqe)) {
    pause_ms(500);
    io_uring_submit(&ring);
  }
  return NULL;
}

int main(int argc, char **argv) {
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, IORING_SETUP_SINGLE_ISSUER | (healthy ? IORING_SETUP_R_DISABLED : 0)));
  MUST(pipe2(pipe_, O_CLOEXEC));
  put(pipe_[1], "data");
  fact("owner", "%d", getpid());
  pthread_join(start(work, NULL), NULL);
  return 1;
}
