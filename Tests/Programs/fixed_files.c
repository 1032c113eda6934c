// Uses registered files: reads by index, opens a file directly into a slot and closes it there, empties a slot, and
// reads from empty slots.
#include "program.h"

static uint64_t read_slot(struct ring *ring, int slot) {
  static char buffer[64];
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read(read, slot, buffer, sizeof buffer, 0);
  read->flags = IOSQE_FIXED_FILE;
  return read->user_data;
}

int main(int argc, char **argv) {
  begin("fixed_files", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int file = temporary_file(50), zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  int fds[] = {file, zero, -1, -1};
  must_uring(io_uring_register_files(&ring->uring, fds, 4));
  close(file);
  close(zero);
  uint64_t reads[] = {read_slot(ring, 0), read_slot(ring, 1), read_slot(ring, 3)};
  submit(ring);
  reap_all(ring);
  struct io_uring_sqe *open = sqe(ring);
  uint64_t opened = open->user_data;
  io_uring_prep_openat_direct(open, AT_FDCWD, "/dev/null", O_RDONLY, 0, 2);
  submit(ring);
  reap_all(ring);
  uint64_t read_null = read_slot(ring, 2);
  submit(ring);
  reap_all(ring);
  hold();
  struct io_uring_sqe *close = sqe(ring);
  uint64_t closed = close->user_data;
  io_uring_prep_close_direct(close, 2);
  submit(ring);
  reap_all(ring);
  int none = -1;
  must_uring(io_uring_register_files_update(&ring->uring, 1, &none, 1));
  uint64_t emptied = read_slot(ring, 1);
  submit(ring);
  reap_all(ring);
  must_uring(io_uring_unregister_files(&ring->uring));
  expect(reads[0], 50);
  expect(reads[1], 64);
  expect(reads[2], -EBADF);
  expect(opened, 0);
  expect(read_null, 0);
  expect(closed, 0);
  expect(emptied, -EBADF);
  say("\"slots\":4");
  return finish();
}
