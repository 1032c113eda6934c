// Clones one ring's registered buffers to another ring (6.12 and later), and reads through the clones. While a request
// uses a clone, the first ring unregisters its own buffers.
#include "program.h"

#define REGISTER_CLONE_BUFFERS 30 // not in Debian 12's headers

int main(int argc, char **argv) {
  begin("clone_buffers", &argc, argv);
  typedef char buffer[8192];
  buffer *buffers = map_memory(2 * 8192);
  struct ring *owner = open_ring(8, 0), *borrower = open_ring(8, 0);
  int file = temporary_file(8192), fds[2];
  make_pipe(fds);
  struct iovec vectors[] = {{buffers[0], 8192}, {buffers[1], 8192}};
  must_uring(io_uring_register_buffers(&owner->uring, vectors, 2));
  struct {
    __u32 source, flags, reserved[6];
  } clone = {.source = owner->uring.ring_fd};
  int error = syscall(__NR_io_uring_register, borrower->uring.ring_fd, REGISTER_CLONE_BUFFERS, &clone, 1);
  if (error && errno == EINVAL)
    skip("this kernel does not clone registered buffers");
  must(error);
  struct io_uring_sqe *write = sqe(owner);
  uint64_t writing = write->user_data;
  io_uring_prep_write_fixed(write, file, buffers[0], 4096, 0, 0);
  submit(owner);
  reap_all(owner);
  expect(writing, 4096);
  struct io_uring_sqe *read = sqe(borrower);
  uint64_t reading = read->user_data;
  io_uring_prep_read_fixed(read, file, buffers[0], 4096, 0, 0);
  submit(borrower);
  reap_all(borrower);
  expect(reading, 4096);
  // The clone's own reference keeps the memory alive.
  struct io_uring_sqe *wait = sqe(borrower);
  uint64_t waiting = wait->user_data;
  io_uring_prep_read_fixed(wait, fds[0], buffers[1], 64, 0, 1);
  submit(borrower);
  must_uring(io_uring_unregister_buffers(&owner->uring));
  hold();
  put(fds[1], "filled");
  reap_all(borrower);
  expect(waiting, 6);
  must_uring(io_uring_unregister_buffers(&borrower->uring));
  say("\"slots\":2");
  return finish();
}
