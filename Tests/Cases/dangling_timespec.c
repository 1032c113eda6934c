// TRUTH: LINK_TIMEOUT 0x302 should end RECV 0x301 after 30 s. The timeout's __kernel_timespec was freed and reused
// between preparation and submission. The kernel reads the reused memory at submission, so the timer expires in
// 3735928559 s (118 years).
// Cure: keep the timespec unchanged until io_uring_submit has returned.
// Source: tokio-rs/io-uring#156, axboe/liburing#975, #603.
#include "case.h"

int main(int argc, char **argv) {
  static char buffer[64];
  struct io_uring ring;
  int pair[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  open_socket_pair(pair);
  struct io_uring_sqe *sqe = next(&ring, 0x301);
  io_uring_prep_recv(sqe, pair[0], buffer, sizeof buffer, 0);
  sqe->flags |= IOSQE_IO_LINK;

  static struct __kernel_timespec memory; // stands for heap memory that another object reuses
  memory = (struct __kernel_timespec){.tv_sec = 30};
  io_uring_prep_link_timeout(next(&ring, 0x302), &memory, 0);
  if (!healthy)
    memory = (struct __kernel_timespec){.tv_sec = 0xdeadbeef};
  URING(io_uring_submit(&ring));
  truth("LINK_TIMEOUT 0x302 guards RECV 0x301 on fd %d for %lld s", pair[0], (long long)memory.tv_sec);
  fact("fd", "%d", pair[0]);
  ready();
  return wait_in_vain(&ring);
}
