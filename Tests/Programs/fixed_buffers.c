// Reads and writes through registered buffers. One read goes past the buffer's end, another names an empty slot. The
// second buffer has a tag, so the kernel posts a CQE without a request after the program has emptied the buffer's slot.
#include "program.h"

int main(int argc, char **argv) {
  begin("fixed_buffers", &argc, argv);
  typedef char buffer[8192];
  buffer *buffers = map_memory(2 * 8192);
  struct ring *ring = open_ring(8, 0);
  int file = temporary_file(0), fds[2];
  make_pipe(fds);
  struct iovec vectors[] = {{buffers[0], 8192}, {buffers[1], 8192}, {NULL, 0}};
  __u64 tags[] = {0, 0x7a6, 0};
  must_uring(io_uring_register_buffers_tags(&ring->uring, vectors, tags, 3));
  struct {
    bool write;
    int fd, slot;
    unsigned offset, length;
    int res;
  } const steps[] = {
      {true, file, 0, 0, 4096, 4096},       {true, file, 1, 4096, 4096, 4096},
      {false, file, 1, 0, 8192, 4096},      {false, file, 0, 4096, 100, 100},
      {false, file, 0, 8000, 400, -EFAULT}, {false, file, 2, 0, 64, -EFAULT},
  };
  for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
    struct io_uring_sqe *one = sqe(ring);
    uint64_t user_data = one->user_data;
    if (steps[i].write)
      io_uring_prep_write_fixed(
          one, steps[i].fd, buffers[steps[i].slot % 2] + steps[i].offset, steps[i].length, 0, steps[i].slot);
    else
      io_uring_prep_read_fixed(
          one, steps[i].fd, buffers[steps[i].slot % 2] + steps[i].offset, steps[i].length, 0, steps[i].slot);
    submit(ring);
    reap_all(ring);
    expect(user_data, steps[i].res);
    // Linux 6.12 looks the buffer up in preparation. 6.1, and 6.17 and later, do so when the request is issued.
    request(user_data)->prep_failed = steps[i].res < 0 && kernel_is("6.12");
  }
  // A read uses buffer 1 while the program empties the buffer's slot. The kernel posts the tag's CQE when the read has
  // ended.
  struct io_uring_sqe *read = sqe(ring);
  uint64_t reading = read->user_data;
  io_uring_prep_read_fixed(read, fds[0], buffers[1], 64, 0, 1);
  submit(ring);
  hold();
  struct iovec none = {NULL, 0};
  __u64 no_tag = 0;
  must_uring(io_uring_register_buffers_update_tag(&ring->uring, 1, &none, &no_tag, 1));
  put(fds[1], "filled");
  reap_done(ring, reading);
  reap(ring, truth->aux_cqes ? 0 : 1);
  expect(reading, 6);
  check(truth->aux_cqes == 1 && truth->aux[0].user_data == 0x7a6, "no tag");
  must_uring(io_uring_unregister_buffers(&ring->uring));
  say("\"slots\":3,\"tags\":1");
  return finish();
}
