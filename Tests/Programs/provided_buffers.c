// Receives into buffers that the kernel chooses from a group provided with PROVIDE_BUFFERS (bgid 1) and from a buffer
// ring (bgid 2). Each group serves four receives, the last of which finds the group empty.
#include "program.h"

enum { BUFFERS = 4, SIZE = 64, USED = 3 };

static uint64_t receive(struct ring *ring, int fd, int group) {
  struct io_uring_sqe *recv = sqe(ring);
  uint64_t user_data = recv->user_data;
  io_uring_prep_recv(recv, fd, NULL, SIZE, 0);
  recv->flags = IOSQE_BUFFER_SELECT;
  recv->buf_group = (__u16)group;
  submit(ring);
  return user_data;
}

int main(int argc, char **argv) {
  static char classic[BUFFERS][SIZE];
  begin("provided_buffers", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int fds[2];
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));

  struct io_uring_sqe *provide = sqe(ring);
  uint64_t provided = provide->user_data;
  io_uring_prep_provide_buffers(provide, classic, SIZE, BUFFERS, 1, 0);
  submit(ring);
  reap_all(ring);
  struct io_uring_sqe *remove = sqe(ring);
  uint64_t removed = remove->user_data;
  io_uring_prep_remove_buffers(remove, BUFFERS - USED, 1);
  submit(ring);
  reap_all(ring);

  struct io_uring_buf_ring *buffers = map_memory(4096 + BUFFERS * SIZE);
  struct io_uring_buf_reg registration = {
      .ring_addr = (uintptr_t)buffers, .ring_entries = BUFFERS, .bgid = 2};
  must_uring(io_uring_register_buf_ring(&ring->uring, &registration, 0));
  for (int i = 0; i < USED; i++)
    io_uring_buf_ring_add(
        buffers, (char *)buffers + 4096 + i * SIZE, SIZE, (unsigned short)(10 + i),
        io_uring_buf_ring_mask(BUFFERS), i);
  io_uring_buf_ring_advance(buffers, USED);

  for (int group = 1; group <= 2; group++)
    for (int i = 0; i <= USED; i++) {
      put(fds[1], "text");
      uint64_t received = receive(ring, fds[0], group);
      reap_all(ring);
      expect(received, i < USED ? 4 : -ENOBUFS);
      check(i == USED || (request(received)->cflags & IORING_CQE_F_BUFFER), "no buffer was reported");
      char text[64];
      if (i == USED)
        must(read(fds[0], text, sizeof text));
    }
  expect(provided, 0);
  expect(removed, BUFFERS - USED);
  must_uring(io_uring_unregister_buf_ring(&ring->uring, 2));
  say("\"selected\":6,\"exhausted\":2");
  return finish();
}
