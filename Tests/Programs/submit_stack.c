// Submits NOPs from a named function, twenty a second, until standard input closes or SIGTERM arrives. Compiled with
// frame pointers, so that the stack at each submission is complete.
#include "program.h"

// Does not call liburing, which is compiled without frame pointers. glibc's syscall() has none either, so the stack
// lacks the frame of syscall()'s caller.
__attribute__((noinline)) static void submit_here(struct ring *ring) {
  must(syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
  truth->bulk_submitted++; // keeps the compiler from making the call above a tail call
}

__attribute__((noinline)) static void submit_from_outside(struct ring *ring) {
  struct io_uring_sq *sq = &ring->uring.sq;
  struct io_uring_sqe *one = io_uring_get_sqe(&ring->uring);
  io_uring_prep_nop(one);
  one->user_data = 0x1001;
  sq->array[*sq->ktail & (ring->sq_entries - 1)] = one - sq->sqes;
  io_uring_smp_store_release(sq->ktail, *sq->ktail + 1);
  submit_here(ring);
  io_uring_cq_advance(&ring->uring, 1);
  truth->bulk_completed++;
}

int main(int argc, char **argv) {
  begin("submit_stack", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  hold_beside();
  while (!stop) {
    submit_from_outside(ring);
    sleep_ms(50);
  }
  return finish();
}
