// Requests in rare states: executing in an io-wq worker, queued for a worker, waiting for a futex, waiting for a
// process. Also leaves SQEs unsubmitted and a CQE unreaped. Prints the ready line and keeps the requests until standard
// input closes or SIGTERM arrives.
#include <sys/prctl.h>
#include "program.h"

enum { FUTEX_WAIT_OP = 51, FUTEX_WAITV_OP = 53, WAITID_OP = 50 }; // since Linux 6.7; not in liburing 2.3

struct waiter { // struct futex_waitv
  uint64_t value, address;
  uint32_t flags, reserved;
};

static struct io_uring_sqe *next(struct ring *ring, uint64_t user_data) {
  struct io_uring_sqe *one = io_uring_get_sqe(&ring->uring);
  memset(one, 0, sizeof *one);
  one->user_data = user_data;
  return one;
}

int main(int argc, char **argv) {
  static uint32_t word;
  static struct waiter waiters[2];
  begin("parked", &argc, argv);
  long_running();
  struct ring *ring = open_ring(16, 0);
  struct io_uring_probe *probe = io_uring_get_probe_ring(&ring->uring);
  check(probe != NULL, "no probe");
  bool waits = io_uring_opcode_supported(probe, FUTEX_WAIT_OP);
  free(probe);

  // Allows only one worker for work that may block, so that the second open waits in the queue.
  unsigned limits[2] = {1, 1};
  must_uring(io_uring_register_iowq_max_workers(&ring->uring, limits));
  char folder[] = "/tmp/uringtop-parked-XXXXXX", paths[2][64];
  check(mkdtemp(folder) != NULL, "mkdtemp");
  uint64_t count = 0;
  for (int i = 0; i < 2; i++) {
    snprintf(paths[i], sizeof paths[i], "%s/%d", folder, i);
    must(mkfifo(paths[i], 0600));
    struct io_uring_sqe *open = next(ring, 0x1001 + i);
    io_uring_prep_openat(open, AT_FDCWD, paths[i], O_RDONLY, 0);
    open->user_data = 0x1001 + i;
    open->flags = IOSQE_ASYNC;
    count++;
  }
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause();
  }
  if (waits) {
    struct io_uring_sqe *futex = next(ring, 0x1003);
    futex->opcode = FUTEX_WAIT_OP;
    futex->fd = 2; // FUTEX2_SIZE_U32
    futex->addr = (uintptr_t)&word;
    futex->addr3 = 0xffffffff; // a bitset that matches every FUTEX_WAKE
    for (int i = 0; i < 2; i++)
      waiters[i] = (struct waiter){.address = (uintptr_t)&word, .flags = 2};
    struct io_uring_sqe *several = next(ring, 0x1005);
    several->opcode = FUTEX_WAITV_OP;
    several->addr = (uintptr_t)waiters;
    several->len = 2;
    struct io_uring_sqe *process = next(ring, 0x1004);
    process->opcode = WAITID_OP;
    process->fd = child;
    process->len = P_PID;
    process->file_index = WEXITED;
    say("\"child\":%d,\"futex\":\"0x%" PRIx64 "\",\"futexes\":\"0x%" PRIx64 "\"", child,
        (uint64_t)(uintptr_t)&word, (uint64_t)(uintptr_t)waiters);
    count += 3;
  }
  struct io_uring_sqe *nop = next(ring, 0);
  io_uring_prep_nop(nop);
  nop->user_data = 0xbbb1;
  check(must_uring(io_uring_submit(&ring->uring)) == (int)count + 1, "not everything was submitted");
  check(io_uring_cq_ready(&ring->uring) == 1, "a request did not wait");
  truth->bulk_submitted = count + 1;
  truth->bulk_completed = 1;
  // Publishes SQEs as a submission does, but without the system call.
  struct io_uring_sq *sq = &ring->uring.sq;
  for (unsigned i = 0; i < 2; i++) {
    struct io_uring_sqe *queued = next(ring, 0);
    io_uring_prep_nop(queued);
    queued->user_data = 0xaaa1 + i;
    sq->array[(*sq->ktail + i) & (ring->sq_entries - 1)] = queued - sq->sqes;
  }
  io_uring_smp_store_release(sq->ktail, *sq->ktail + 2);
  usleep(100000); // gives the worker time to take its request
  truth->hold = true;
  hold();
  alarm(0);
  kill(child, SIGKILL);
  for (int i = 0; i < 2; i++)
    unlink(paths[i]);
  rmdir(folder);
  _exit(0);
}
