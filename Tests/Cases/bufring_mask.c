// TRUTH: the program passes the buffer ring's size (8) instead of size - 1 as mask to io_uring_buf_ring_add. All 8
// buffers are therefore written to slot 0 and slots 1 to 7 stay zero, while the tail advances by 8. The first receive
// uses slot 0. Slot 1 has address 0, so the kernel fails RECV 0x800 with ENOBUFS although 7 of 8 entries are left.
// Cure: pass io_uring_buf_ring_mask(entries).
// Source: axboe/liburing#1538, #1629, #1275; io_uring_buf_ring_add(3).
#include "case.h"

enum { ENTRIES = 8, SIZE = 256, GROUP = 5 };

int main(int argc, char **argv) {
  static char buffers[ENTRIES][SIZE];
  struct io_uring ring;
  int pair[2], ends = 0;
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  open_socket_pair(pair);
  struct io_uring_buf_ring *group = open_buffer_ring(&ring, ENTRIES, GROUP);
  int mask = healthy ? io_uring_buf_ring_mask(ENTRIES) : ENTRIES;
  for (int i = 0; i < ENTRIES; i++)
    io_uring_buf_ring_add(group, buffers[i], SIZE, (unsigned short)i, mask, i);
  io_uring_buf_ring_advance(group, ENTRIES);
  for (bool armed = false, announced = false;;) {
    if (!armed) {
      struct io_uring_sqe *sqe = next(&ring, 0x800);
      io_uring_prep_recv_multishot(sqe, pair[0], NULL, 0, 0);
      sqe->flags |= IOSQE_BUFFER_SELECT;
      sqe->buf_group = GROUP;
      URING(io_uring_submit(&ring));
      armed = true;
      if (!announced)
        put(pair[1], "one");
    }
    struct result cqe = take(&ring);
    if (cqe.res > 0 && !announced) {
      announced = true;
      if (healthy)
        ready();
      else
        put(pair[1], "two");
    }
    if (cqe.flags & IORING_CQE_F_MORE)
      continue;
    armed = false;
    if (++ends == 2) {
      truth("RECV 0x800: %d, flags 0x%x", cqe.res, cqe.flags);
      ready();
    }
    pause_ms(200);
  }
}
