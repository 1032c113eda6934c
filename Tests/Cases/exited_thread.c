// TRUTH: READ 0x2301 waits on an empty pipe, and the thread that submitted it exits. When data arrives, the READ fails
// with ECANCELED, because its task work cannot run in a thread that has exited. The program itself cancels no request.
// Cure: submit from a thread that lives until the CQE has been taken.
#include "case.h"

static struct io_uring ring;
static int pipe_[2];
static char buffer[64];

static void *submit(void *unused) {
  (void)unused;
  io_uring_prep_read(next(&ring, 0x2301), pipe_[0], buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  return NULL;
}

int main(int argc, char **argv) {
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  MUST(pipe2(pipe_, O_CLOEXEC));
  for (unsigned i = 0;; i++) {
    if (healthy)
      submit(NULL);
    else
      pthread_join(start(submit, NULL), NULL);
    put(pipe_[1], "data");
    int result = take(&ring).res;
    if (result < 0)
      MUST(read(pipe_[0], buffer, sizeof buffer));
    if (i == 20) {
      truth("READ 0x2301 on fd %d: %d", pipe_[0], result);
      ready();
    }
    pause_ms(10);
  }
}
