// Sends MSG_RING messages from one ring to two others. The second target has DEFER_TASKRUN, for which the kernel takes
// another code path. Each message posts a CQE on the target ring, where no request belongs to this CQE. One message is
// sent to a file that is not a ring.
#include "program.h"

static uint64_t message(struct ring *from, int fd, unsigned res, uint64_t user_data) {
  struct io_uring_sqe *message = sqe(from);
  uint64_t own = message->user_data;
  io_uring_prep_msg_ring(message, fd, res, user_data, 0);
  submit(from);
  return own;
}

int main(int argc, char **argv) {
  begin("msg_ring", &argc, argv);
  struct ring *from = open_ring(8, 0), *plain = open_ring(8, 0);
  struct ring *deferring = open_ring(8, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
  need_opcode(from, IORING_OP_MSG_RING, "MSG_RING");
  hold();
  for (unsigned i = 0; i < 3; i++) {
    uint64_t sent = message(from, plain->fd, 100 + i, 0x5000 + i);
    reap(plain, 1);
    reap_all(from);
    expect(sent, 0);
    sent = message(from, deferring->fd, 200 + i, 0x6000 + i);
    reap(deferring, 1);
    reap_all(from);
    expect(sent, 0);
  }
  uint64_t wrong = message(from, 0, 1, 0x7000);
  reap_all(from);
  check(
      request(wrong)->res == -EBADFD || request(wrong)->res == -EBADF,
      "a message to a file that is not a ring returned %d", request(wrong)->res);
  say("\"messages\":6");
  return finish();
}
