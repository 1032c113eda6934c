// Two multishot RECVs with provided buffers: one runs until the peer shuts down (its last CQE has result 0), the other
// until its buffer group is empty (its last CQE has -ENOBUFS).
#include "program.h"

enum { BUFFERS = 8, SIZE = 64 };

static void provide(struct ring *ring, int group, int count) {
  struct io_uring_buf_ring *buffers = map_memory(4096 + BUFFERS * SIZE);
  struct io_uring_buf_reg registration = {
      .ring_addr = (uintptr_t)buffers, .ring_entries = BUFFERS, .bgid = (__u16)group};
  must_uring(io_uring_register_buf_ring(&ring->uring, &registration, 0));
  for (int i = 0; i < count; i++)
    io_uring_buf_ring_add(
        buffers, (char *)buffers + 4096 + i * SIZE, SIZE, (unsigned short)i, io_uring_buf_ring_mask(BUFFERS),
        i);
  io_uring_buf_ring_advance(buffers, count);
}

static uint64_t receive(struct ring *ring, int fd, int group) {
  struct io_uring_sqe *recv = sqe(ring);
  io_uring_prep_recv_multishot(recv, fd, NULL, 0, 0);
  recv->flags |= IOSQE_BUFFER_SELECT;
  recv->buf_group = (__u16)group;
  submit(ring);
  return recv->user_data;
}

int main(int argc, char **argv) {
  begin("multishot_recv", &argc, argv);
  struct ring *ring = open_ring(8, 0);
  int first[2], second[2];
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, first));
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, second));
  provide(ring, 1, BUFFERS);
  provide(ring, 2, 2);
  uint64_t until_end = receive(ring, first[0], 1), until_empty = receive(ring, second[0], 2);
  static const char *const texts[] = {"one", "three", "seventeen"};
  for (int i = 0; i < 3; i++) {
    put(first[1], texts[i]);
    reap(ring, 1);
    check(request(until_end)->res == (int)strlen(texts[i]), "recv gave %d", request(until_end)->res);
  }
  hold();
  shutdown(first[1], SHUT_WR);
  reap_done(ring, until_end);
  for (int i = 0; i < 3; i++) {
    put(second[1], texts[i]);
    reap(ring, 1);
  }
  expect(until_end, 0);
  expect(until_empty, -ENOBUFS);
  say("\"multishot_cqes\":5,\"buffer_groups\":[1,2]");
  return finish();
}
