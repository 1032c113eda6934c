// TRUTH: the SQ thread takes SQEs late. Argument `sleeps`: sq_thread_idle is 1 ms and NOP 0x1601 is submitted every 20
// ms, so each submission finds the thread asleep and needs a system call to wake it. Argument `starved`: the thread
// runs with SCHED_IDLE on the same processor as a busy thread, and SQEs wait in the SQ for milliseconds.
// Cure for `sleeps`: a longer sq_thread_idle, or no SQPOLL. Cure for `starved`: a processor that only the SQ thread
// uses. In the healthy twins (--healthy) the SQ thread polls for 5 ms or more per NOP. The finding sqpoll-idle is
// therefore correct for a healthy twin.
#include "case.h"
#include <dirent.h>

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

// Finds the only thread of the process whose name begins with iou-sqp. The SqThread field of the ring's fdinfo is no
// substitute: some kernels show the thread that created the ring there.
static int sq_thread(void) {
  DIR *folder = opendir("/proc/self/task");
  int thread = 0;
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    char path[300], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
    FILE *file = fopen(path, "r");
    if (file && fgets(name, sizeof name, file) && !strncmp(name, "iou-sqp", 7))
      thread = atoi(entry->d_name);
    if (file)
      fclose(file);
  }
  if (folder)
    closedir(folder);
  return thread;
}

int main(int argc, char **argv) {
  struct io_uring ring;
  bool starved = !strcmp(begin(argc, argv), "starved");
  struct io_uring_params parameters = {
      .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = starved || healthy ? 500 : 1};
  if (starved && !healthy) {
    parameters.flags |= IORING_SETUP_SQ_AFF;
    parameters.sq_thread_cpu = 1;
  }
  URING(io_uring_queue_init_params(8, &ring, &parameters));
  int thread;
  while (!(thread = sq_thread())) // the thread sets its name when it first runs
    pause_ms(1);
  fact("sq_thread", "%d", thread);
  if (starved && !healthy) {
    struct sched_param none = {0};
    MUST(sched_setscheduler(thread, SCHED_IDLE, &none));
    pin(0, 0);
    start(burn, NULL);
  }
  truth("SQ thread %d of fd %d", thread, ring.ring_fd);
  for (unsigned i = 0;; i++) {
    io_uring_prep_nop(next(&ring, 0x1601));
    URING(io_uring_submit(&ring));
    take(&ring);
    if (i == 2)
      ready();
    pause_ms(starved ? 5 : 20); // the kernel rounds an sq_thread_idle of 1 ms up to one or two 4 ms ticks
  }
}
