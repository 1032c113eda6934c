// A ring without a file descriptor (IORING_SETUP_REGISTERED_FD_ONLY, 6.5 and later): only the task's table of
// registered rings refers to it. A read waits on it, and four NOPs complete.
#include "program.h"

int main(int argc, char **argv) {
  static char buffer[64];
  begin("registered_ring", &argc, argv);
  struct ring *ring = &truth->rings[truth->ring_count];
  char *memory =
      mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  check(memory != MAP_FAILED, "no memory");
  struct io_uring_params parameters = {.flags = IORING_SETUP_NO_MMAP | IORING_SETUP_REGISTERED_FD_ONLY};
  parameters.cq_off.resv2 = (uintptr_t)memory;        // cq_off.user_addr: SQ and CQ ring
  parameters.sq_off.resv2 = (uintptr_t)memory + 4096; // sq_off.user_addr: the SQEs
  ring->setup = parameters.flags;
  int index = io_uring_setup(8, &parameters);
  if (index == -EINVAL)
    skip("this kernel has no IORING_SETUP_REGISTERED_FD_ONLY");
  check(index >= 0, "io_uring_setup: %s", strerror(-index));
  ring->fd = -1;
  ring->sq_entries = parameters.sq_entries;
  ring->cq_entries = parameters.cq_entries;
  truth->ring_count++;

  // Fills in the same fields as liburing's io_uring_queue_mmap(), but with memory that the program has allocated
  // itself.
  struct io_uring_sq *sq = &ring->uring.sq;
  struct io_uring_cq *cq = &ring->uring.cq;
  sq->khead = (void *)(memory + parameters.sq_off.head);
  sq->ktail = (void *)(memory + parameters.sq_off.tail);
  sq->kflags = (void *)(memory + parameters.sq_off.flags);
  sq->array = (void *)(memory + parameters.sq_off.array);
  sq->sqes = (void *)(memory + 4096);
  sq->ring_entries = parameters.sq_entries;
  sq->ring_mask = parameters.sq_entries - 1;
  cq->khead = (void *)(memory + parameters.cq_off.head);
  cq->ktail = (void *)(memory + parameters.cq_off.tail);
  cq->koverflow = (void *)(memory + parameters.cq_off.overflow);
  cq->cqes = (void *)(memory + parameters.cq_off.cqes);
  cq->ring_entries = parameters.cq_entries;
  cq->ring_mask = parameters.cq_entries - 1;
  for (unsigned i = 0; i < sq->ring_entries; i++)
    sq->array[i] = i;
  ring->uring.features = parameters.features;
  ring->uring.ring_fd = -1;
  ring->uring.enter_ring_fd = index;
  ring->uring.int_flags = 1; // liburing's INT_FLAG_REG_RING: enter with IORING_ENTER_REGISTERED_RING

  int fds[2];
  make_pipe(fds);
  struct io_uring_sqe *read = sqe(ring);
  uint64_t reading = read->user_data;
  io_uring_prep_read(read, fds[0], buffer, sizeof buffer, 0);
  for (int i = 0; i < 4; i++)
    io_uring_prep_nop(sqe(ring));
  submit(ring);
  reap(ring, 4);
  hold();
  put(fds[1], "hello");
  reap_all(ring);
  expect(reading, 5);
  say("\"registered_index\":%d", index);
  return finish();
}
