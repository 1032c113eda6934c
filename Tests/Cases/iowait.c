// TRUTH: the thread waits in io_uring_enter for RECV 0x2601 on a socket, and the kernel counts the idle time of the
// thread's processor as iowait although no storage request is in flight.
// Cure: set IORING_ENTER_NO_IOWAIT (Linux 6.15), as the healthy twin (--healthy) does.
#include "case.h"

static unsigned long long iowait(void) {
  unsigned long long user, nice, system, idle, waiting = 0;
  FILE *file = fopen("/proc/stat", "r");
  if (!file || fscanf(file, "cpu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &waiting) != 5)
    fail(__LINE__, "/proc/stat", EIO);
  fclose(file);
  return waiting;
}

static __attribute__((noreturn)) void *measure(void *unused) {
  (void)unused;
  pause_ms(300);
  unsigned long long before = iowait();
  pause_ms(500);
  truth("iowait of all processors in 500 ms: %llu0 ms", iowait() - before);
  ready();
  sleep_for_ever();
}

int main(int argc, char **argv) {
  static char buffer[64];
  struct io_uring ring;
  int pair[2];
  begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  open_socket_pair(pair);
  io_uring_prep_recv(next(&ring, 0x2601), pair[0], buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  start(measure, NULL);
  unsigned flags = IORING_ENTER_GETEVENTS | (healthy ? ENTER_NO_IOWAIT : 0);
  MUST(syscall(SYS_io_uring_enter, ring.ring_fd, 0, 1, flags, NULL, 0));
  return 1;
}
