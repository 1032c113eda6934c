// A ring whose SQ thread takes two rounds of submissions: one while the SQ thread is awake and one after it has gone to
// sleep.
#include <dirent.h>
#include "program.h"

// Returns the id of this process's iou-sqp thread, or 0 if no thread has this name yet.
static int sq_thread(void) {
  DIR *directory = opendir("/proc/self/task");
  struct dirent *entry;
  int found = 0;
  while (directory && (entry = readdir(directory))) {
    char path[300], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
    int fd = open(path, O_RDONLY);
    if (fd >= 0 && read(fd, name, sizeof name - 1) > 0 && !strncmp(name, "iou-sqp", 7))
      found = atoi(entry->d_name);
    close(fd);
  }
  closedir(directory);
  return found;
}

int main(int argc, char **argv) {
  static char buffer[8][512];
  begin("sqpoll", &argc, argv);
  struct ring *ring =
      open_ring_with(16, (struct io_uring_params){.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 30});
  int file = temporary_file(8 * 512), fds[2];
  make_pipe(fds);
  int thread;
  while (!(thread = sq_thread()))
    sleep_ms(1); // the thread sets its name when it begins to run
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 8; i++)
      io_uring_prep_nop(sqe(ring));
    for (int i = 0; i < 4; i++)
      io_uring_prep_read(sqe(ring), file, buffer[i], 512, (__u64)i * 512);
    submit(ring);
    reap_all(ring);
    if (!round) {
      // The SQ thread goes to sleep after 30 ms, or later on a busy machine.
      for (int waited = 0; waited < 1000 && !(*ring->uring.sq.kflags & IORING_SQ_NEED_WAKEUP); waited++)
        sleep_ms(10);
      check(*ring->uring.sq.kflags & IORING_SQ_NEED_WAKEUP, "the SQ thread did not go to sleep");
    }
  }
  struct io_uring_sqe *read = sqe(ring);
  uint64_t reading = read->user_data;
  io_uring_prep_read(read, fds[0], buffer[0], 512, 0);
  submit(ring);
  sleep_ms(100);
  hold();
  put(fds[1], "hello");
  reap_all(ring);
  expect(reading, 5);
  say("\"sq_thread\":%d", thread);
  return finish();
}
