// TRUTH: the program registers buffer group 5 with 6 entries, which is not a power of two. io_uring_register_buf_ring
// fails with EINVAL, and the program ignores the result. Group 5 does not exist: each RECV 0x3501 that selects a buffer
// of group 5 fails with ENOBUFS.
// Cure: check the result of io_uring_register_buf_ring; register a number of entries that is a power of two.
#include "case.h"

enum { ENTRIES = 8, SIZE = 256, GROUP = 5 };

int main(int argc, char **argv) {
  static char buffers[ENTRIES][SIZE];
  struct io_uring ring;
  static _Alignas(4096) char page[4096];
  struct io_uring_buf_ring *memory = (void *)page;
  int pair[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  open_socket_pair(pair);
  struct io_uring_buf_reg group = {
      .ring_addr = (uint64_t)(uintptr_t)memory,
      .ring_entries = healthy ? ENTRIES : ENTRIES - 2,
      .bgid = GROUP};
  int result = io_uring_register_buf_ring(&ring, &group, 0);
  io_uring_buf_ring_init(memory);
  for (int i = 0; i < ENTRIES; i++)
    io_uring_buf_ring_add(memory, buffers[i], SIZE, (unsigned short)i, io_uring_buf_ring_mask(ENTRIES), i);
  io_uring_buf_ring_advance(memory, ENTRIES);
  for (int i = 0;; i++) {
    put(pair[1], "data");
    struct io_uring_sqe *sqe = next(&ring, 0x3501);
    io_uring_prep_recv(sqe, pair[0], NULL, SIZE, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    URING(io_uring_submit(&ring));
    struct result cqe = take(&ring);
    if (i == 2) {
      truth("io_uring_register_buf_ring: %d; RECV 0x3501: %d", result, cqe.res);
      ready();
    }
    if (cqe.res > 0) {
      unsigned short id = (unsigned short)(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
      io_uring_buf_ring_add(memory, buffers[id], SIZE, id, io_uring_buf_ring_mask(ENTRIES), 0);
      io_uring_buf_ring_advance(memory, 1);
    }
    pause_ms(100);
  }
}
