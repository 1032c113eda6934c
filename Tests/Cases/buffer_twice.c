// TRUTH: the program adds buffer 3 to the buffer ring of group 6 twice after each use, so the buffer ring holds it
// twice. RECVs on two sockets get the same buffer id at the same time, and the second RECV overwrites the first one's
// data.
// Cure: add each buffer to the ring once, after its data has been used.
#include "case.h"

enum { SIZE = 256, GROUP = 6, BUFFER = 3 };

static void receive(struct io_uring *ring, uint64_t user_data, int fd) {
  struct io_uring_sqe *sqe = next(ring, user_data);
  io_uring_prep_recv(sqe, fd, NULL, SIZE, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = GROUP;
  URING(io_uring_submit(ring));
}

int main(int argc, char **argv) {
  static char buffers[2][SIZE];
  struct io_uring ring;
  int pairs[2][2], buffer_of[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  open_socket_pair(pairs[0]);
  open_socket_pair(pairs[1]);
  struct io_uring_buf_ring *group = open_buffer_ring(&ring, 8, GROUP);
  for (unsigned round = 0;; round++) {
    for (int i = 0; i < 2; i++)
      io_uring_buf_ring_add(
          group, buffers[healthy ? i : 0], SIZE, (unsigned short)(healthy ? BUFFER + i : BUFFER), 7, i);
    io_uring_buf_ring_advance(group, 2);
    for (unsigned i = 0; i < 2; i++) {
      receive(&ring, 0x2001 + i, pairs[i][0]);
      put(pairs[i][1], i ? "second" : "first!");
      buffer_of[i] = (int)(take(&ring).flags >> IORING_CQE_BUFFER_SHIFT);
    }
    if (round == 1) {
      truth("RECV 0x2001 and 0x2002 got buffers %d and %d of group %d", buffer_of[0], buffer_of[1], GROUP);
      ready();
    }
    pause_ms(200);
  }
}
