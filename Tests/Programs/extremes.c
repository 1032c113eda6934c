// Uses the extreme values that a program can choose for results, lengths, offsets, flags and user_data.
#include <limits.h>
#include "program.h"

#define NOP_INJECT_RESULT (1u << 0)    // from 6.10; earlier kernels ignore or refuse it
#define MESSAGE_PASSES_FLAGS (1u << 1) // from 6.3

static const int results[] = {INT_MIN, INT_MIN + 1, -100000, -4096, -4095, -133, -1, 0, 1, 1 << 30, INT_MAX};
static const uint64_t user_data[] = {
    0, 1, UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX - 65535, UINT64_MAX - 1};
enum { RESULTS = sizeof results / sizeof *results, NUMBERS = sizeof user_data / sizeof *user_data };

static void finish_all(struct ring *ring) {
  submit(ring);
  reap_all(ring);
}

int main(int argc, char **argv) {
  static char buffer[64];
  begin("extremes", &argc, argv);
  struct ring *ring = open_ring(64, 0), *plain = open_ring(64, 0);
  struct ring *deferring = open_ring(64, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
  need_opcode(ring, IORING_OP_MSG_RING, "MSG_RING");
  hold();

  for (unsigned i = 0; i < RESULTS; i++) {
    struct io_uring_sqe *nop = sqe(ring);
    uint64_t own = nop->user_data;
    io_uring_prep_nop(nop);
    nop->user_data = own;
    nop->rw_flags = NOP_INJECT_RESULT;
    nop->len = (unsigned)results[i];
    finish_all(ring);
    int res = request(own)->res;
    request(own)->prep_failed = res == -EINVAL;
    check(res == results[i] || res == 0 || res == -EINVAL, "a NOP gave %d instead of %d", res, results[i]);
  }

  for (unsigned i = 0; i < NUMBERS; i++) {
    struct io_uring_sqe *nop = sqe(ring);
    io_uring_prep_nop(nop);
    nop->user_data = user_data[i];
    finish_all(ring);
    expect(user_data[i], 0);
  }

  unsigned messages = 0;
  for (unsigned target = 0; target < 2; target++) {
    struct ring *to = target ? deferring : plain;
    for (unsigned i = 0; i < RESULTS; i++) {
      struct io_uring_sqe *message = sqe(ring);
      uint64_t own = message->user_data;
      io_uring_prep_msg_ring(message, to->fd, (unsigned)results[i], UINT64_MAX - 100 - i, 0);
      message->user_data = own;
      finish_all(ring);
      reap(to, 1);
      expect(own, 0);
      check(truth->aux[messages].res == results[i], "a message has another result");
      messages++;
    }
    // Sets all flags in the target ring's CQE, including flags that make no sense in a CQE without a request.
    struct io_uring_sqe *message = sqe(ring);
    uint64_t own = message->user_data;
    io_uring_prep_msg_ring(message, to->fd, (unsigned)INT_MIN, UINT64_MAX - 50, 0);
    message->user_data = own;
    message->msg_ring_flags = MESSAGE_PASSES_FLAGS;
    message->file_index = UINT_MAX & ~(1u << 15); // without CQE_F_32, which marks a CQE of 32 bytes
    finish_all(ring);
    request(own)->prep_failed = request(own)->res == -EINVAL;
    if (request(own)->res == 0) {
      reap(to, 1);
      messages++;
    }
  }

  // Uses operands at the ends of their range. Most results depend on the kernel, so the program does not check them.
  int file = temporary_file(0);
  for (unsigned i = 0; i < 4; i++) {
    uint64_t offset = (uint64_t[]){0, INT64_MAX, 1ull << 63, UINT64_MAX}[i];
    struct io_uring_sqe *one = sqe(ring);
    uint64_t own = one->user_data;
    io_uring_prep_read(one, file, buffer, UINT_MAX, offset);
    one->user_data = own;
    finish_all(ring);
    one = sqe(ring);
    own = one->user_data;
    io_uring_prep_fadvise(one, file, offset, (off_t)UINT_MAX, 0);
    one->user_data = own;
    finish_all(ring);
    one = sqe(ring);
    own = one->user_data;
    io_uring_prep_cancel64(one, offset ? offset : 2, 0);
    one->user_data = own;
    finish_all(ring);
    expect(own, -ENOENT);
  }
  say("\"messages\":%u", messages);
  return finish();
}
