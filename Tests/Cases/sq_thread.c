// TRUTH: the SQ thread serves late. Argument sleeps: sq_thread_idle is 1 ms and NOP 0x1601 is submitted every 5 ms, so
// each submission finds the thread asleep and needs a system call to wake it; starved: the thread runs with SCHED_IDLE on
// one processor with a busy thread, and SQEs wait for milliseconds.
// Cure: a longer sq_thread_idle, or no SQPOLL; a processor of its own for the thread. The healthy twins poll for 5 ms for
// each NOP: sqpoll-idle is true of them.
#include "case.h"

static void pin(int pid, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  MUST(sched_setaffinity(pid, sizeof set, &set));
}

static __attribute__((noreturn)) void *burn(void *unused) {
  (void)unused;
  pin(0, 1);
  for (volatile unsigned i = 0;; i++)
    ;
}

static int sq_thread_of(int ring) {
  char path[64], line[128];
  int thread = 0;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", ring);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file))
    sscanf(line, "SqThread: %d", &thread);
  fclose(file);
  return thread;
}

int main(int argc, char **argv) {
  struct io_uring ring;
  bool starved = !strcmp(begin(argc, argv), "starved");
  struct io_uring_params parameters = {
      .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = starved || healthy ? 500 : 1};
  URING(io_uring_queue_init_params(8, &ring, &parameters));
  int thread = sq_thread_of(ring.ring_fd);
  fact("sq_thread", "%d", thread);
  if (starved && !healthy) {
    struct sched_param none = {0};
    MUST(sched_setscheduler(thread, SCHED_IDLE, &none));
    pin(thread, 1);
    pin(0, 0);
    start(burn, NULL);
  }
  truth("SQ thread %d of fd %d", thread, ring.ring_fd);
  for (unsigned i = 0;; i++) {
    io_uring_prep_nop(next(&ring, 0x1601));
    URING(io_uring_submit(&ring));
    take(&ring);
    if (i == 20)
      ready();
    pause_ms(5);
  }
}
