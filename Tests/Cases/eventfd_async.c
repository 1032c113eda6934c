// TRUTH: NOP 0x1501 has completed during its submission, and its CQE is unread. The thread that takes CQEs sleeps in
// read(2) on the ring's eventfd. The eventfd was registered with IORING_REGISTER_EVENTFD_ASYNC, so the kernel signals
// the eventfd only for completions that are posted after the submission.
// Cure: IORING_REGISTER_EVENTFD (as in the healthy twin, --healthy), or look at the CQ after submitting.
#include "case.h"

static struct io_uring ring;
static int wake_fd;

static void *take_completions(void *unused) {
  (void)unused;
  fact("thread", "%d", thread_id());
  for (;;) {
    eventfd_t count;
    MUST(eventfd_read(wake_fd, &count));
    take(&ring);
  }
}

int main(int argc, char **argv) {
  begin(argc, argv);
  wake_fd = (int)MUST(eventfd(0, EFD_CLOEXEC));
  URING(io_uring_queue_init(8, &ring, 0));
  URING(
      healthy ? io_uring_register_eventfd(&ring, wake_fd) : io_uring_register_eventfd_async(&ring, wake_fd));
  fact("fd", "%d", wake_fd);
  start(take_completions, NULL);
  pause_ms(200);
  io_uring_prep_nop(next(&ring, 0x1501));
  URING(io_uring_submit(&ring));
  pause_ms(200);
  truth("%u CQEs are unread", io_uring_cq_ready(&ring));
  ready();
  sleep_for_ever();
}
