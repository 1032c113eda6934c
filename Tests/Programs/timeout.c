// TIMEOUT requests: one expires, one ends after a number of completions, one is removed, one is updated to a shorter
// time, and the expiry of one counts as success (IORING_TIMEOUT_ETIME_SUCCESS).
#include "program.h"

static uint64_t timeout(struct ring *ring, struct __kernel_timespec *time, unsigned count, unsigned flags) {
  struct io_uring_sqe *timeout = sqe(ring);
  uint64_t user_data = timeout->user_data;
  io_uring_prep_timeout(timeout, time, count, flags);
  submit(ring);
  return user_data;
}

int main(int argc, char **argv) {
  static struct __kernel_timespec soon = {.tv_nsec = 20 * 1000000}, late = {.tv_sec = 60};
  begin("timeout", &argc, argv);
  struct ring *ring = open_ring(16, 0);
  uint64_t expired = timeout(ring, &soon, 0, 0);
  reap_all(ring);
  uint64_t success = timeout(ring, &soon, 0, IORING_TIMEOUT_ETIME_SUCCESS);
  reap_all(ring);
  uint64_t counted = timeout(ring, &late, 2, 0);
  for (int i = 0; i < 2; i++)
    io_uring_prep_nop(sqe(ring));
  submit(ring);
  reap_all(ring);
  uint64_t removed = timeout(ring, &late, 0, 0), updated = timeout(ring, &late, 0, 0);
  hold();
  struct io_uring_sqe *remove = sqe(ring);
  uint64_t removal = remove->user_data;
  io_uring_prep_timeout_remove(remove, removed, 0);
  struct io_uring_sqe *update = sqe(ring);
  uint64_t change = update->user_data;
  io_uring_prep_timeout_update(update, &soon, updated, 0);
  submit(ring);
  reap_all(ring);
  expect(expired, -ETIME);
  expect(success, -ETIME);
  expect(counted, 0);
  expect(removed, -ECANCELED);
  expect(removal, 0);
  expect(updated, -ETIME);
  expect(change, 0);
  say("\"expired\":3");
  return finish();
}
