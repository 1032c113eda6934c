// A multishot TIMEOUT (6.4 and later) that fires three times.
#include "program.h"

int main(int argc, char **argv) {
  static struct __kernel_timespec soon = {.tv_nsec = 20 * 1000000};
  begin("multishot_timeout", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  struct io_uring_sqe *timeout = sqe(ring);
  uint64_t user_data = timeout->user_data;
  io_uring_prep_timeout(timeout, &soon, 3, IORING_TIMEOUT_MULTISHOT);
  submit(ring);
  reap_all(ring);
  if (request(user_data)->res == -EINVAL)
    skip("this kernel has no multishot timeouts");
  expect(user_data, -ETIME);
  check(request(user_data)->cqes == 3, "%u CQEs", request(user_data)->cqes);
  say("\"multishot_cqes\":2");
  return finish();
}
