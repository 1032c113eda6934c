// Requests that fail in preparation: alone, and as the head, in the middle and at the end of a chain.
#include "program.h"

static uint64_t nop(struct ring *ring, unsigned flags) {
  struct io_uring_sqe *nop = sqe(ring);
  io_uring_prep_nop(nop);
  nop->flags = (__u8)flags;
  return nop->user_data;
}

// Queues a CLOSE with an offset, which fails with -EINVAL.
static uint64_t bad_close(struct ring *ring, unsigned flags) {
  struct io_uring_sqe *close = sqe(ring);
  io_uring_prep_close(close, 9999);
  close->off = 1;
  close->flags = (__u8)flags;
  return close->user_data;
}

static void failed(uint64_t user_data, int error) {
  expect(user_data, error);
  request(user_data)->prep_failed = true;
}

int main(int argc, char **argv) {
  enum { LINK = IOSQE_IO_LINK };
  begin("prep_failure", &argc, argv);
  struct ring *ring = open_ring(32, 0);

  struct io_uring_sqe *unknown = sqe(ring);
  unknown->opcode = 250;
  uint64_t bad_opcode = unknown->user_data;
  uint64_t bad_field = bad_close(ring, 0);
  struct io_uring_sqe *person = sqe(ring);
  io_uring_prep_nop(person);
  person->personality = 77;
  uint64_t bad_personality = person->user_data;
  struct io_uring_sqe *flags = sqe(ring);
  io_uring_prep_nop(flags);
  flags->flags = 0x80;
  uint64_t bad_flags = flags->user_data;
  submit(ring);
  reap_all(ring);

  uint64_t head[] = {bad_close(ring, LINK), nop(ring, LINK), nop(ring, 0)};
  submit(ring);
  reap_all(ring);
  uint64_t middle[] = {nop(ring, LINK), bad_close(ring, LINK), nop(ring, 0)};
  submit(ring);
  reap_all(ring);
  uint64_t last[] = {nop(ring, LINK), nop(ring, LINK), bad_close(ring, 0)};
  submit(ring);
  reap_all(ring);
  // Fails when the kernel copies the message header. Linux 6.1 copies it only after tracing the submission.
  uint64_t before = nop(ring, LINK);
  struct io_uring_sqe *message = sqe(ring);
  io_uring_prep_sendmsg(message, 0, (struct msghdr *)16, 0);
  uint64_t bad_message = message->user_data;
  submit(ring);
  reap_all(ring);

  failed(bad_opcode, -EINVAL);
  failed(bad_field, -EINVAL);
  failed(bad_personality, -EINVAL);
  failed(bad_flags, -EINVAL);
  failed(head[0], -EINVAL);
  expect(head[1], -ECANCELED);
  expect(head[2], -ECANCELED);
  expect(middle[0], -ECANCELED);
  failed(middle[1], -EINVAL);
  expect(middle[2], -ECANCELED);
  expect(last[0], -ECANCELED);
  expect(last[1], -ECANCELED);
  failed(last[2], -EINVAL);
  expect(before, -ECANCELED);
  failed(bad_message, -EFAULT);
  request(bad_message)->also_submitted = kernel_is("6.1");
  return finish();
}
