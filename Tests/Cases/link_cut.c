// TRUTH: the SQ (4 entries) was full after RECV 0x204 (IOSQE_IO_LINK), so the program submitted before it queued
// LINK_TIMEOUT 0x205. A chain of linked requests ends with its submission, so RECV 0x204 runs without a timeout. It
// blocks an io-wq worker on a socket whose peer sends nothing. LINK_TIMEOUT 0x205 became the first SQE of the next
// submission, and failed with EINVAL in preparation.
// Cure: reserve room for the whole chain (io_uring_sq_space_left) before its first SQE is queued.
// Source: axboe/liburing#1210, #1125, romange/helio#3, DataDog/glommio#278.
#include "case.h"

static struct io_uring_sqe *get(struct io_uring *ring, uint64_t user_data) {
  if (!io_uring_sq_space_left(ring))
    URING(io_uring_submit(ring));
  return next(ring, user_data);
}

int main(int argc, char **argv) {
  static char buffer[64];
  static struct __kernel_timespec long_time = {.tv_sec = 30};
  struct io_uring ring;
  int pair[2];
  begin(argc, argv);
  URING(io_uring_queue_init(4, &ring, 0));
  open_socket_pair(pair);
  for (unsigned i = 0; i < 3; i++)
    io_uring_prep_nop(get(&ring, 0x201 + i));
  if (healthy && io_uring_sq_space_left(&ring) < 2)
    URING(io_uring_submit(&ring));
  struct io_uring_sqe *sqe = get(&ring, 0x204);
  io_uring_prep_recv(sqe, pair[0], buffer, sizeof buffer, 0);
  sqe->flags |= IOSQE_IO_LINK;
  io_uring_prep_link_timeout(get(&ring, 0x205), &long_time, 0);
  URING(io_uring_submit(&ring));
  for (int i = 0; i < (healthy ? 3 : 4); i++) {
    struct result cqe = take(&ring);
    if (cqe.user_data == 0x205)
      truth(
          "LINK_TIMEOUT 0x205 failed with %d; RECV 0x204 on fd %d was submitted before it, alone", cqe.res,
          pair[0]);
  }
  fact("fd", "%d", pair[0]);
  ready();
  return wait_in_vain(&ring);
}
