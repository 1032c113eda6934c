// Faults that persist. Each case makes its fault and keeps that state until standard input closes or SIGTERM arrives.
#include <sched.h>
#include <sys/mount.h>
#include "fault.h"
#include "file_server.h"

static void wait_for(struct ring *ring, unsigned count) {
  struct io_uring_cqe *cqe;
  while (!stop)
    io_uring_wait_cqe_nr(&ring->uring, &cqe, count);
}

static void poll_pipe(struct ring *ring, uint64_t user_data) {
  int fds[2];
  make_pipe(fds);
  io_uring_prep_poll_add(next(ring, user_data), fds[0], POLLIN);
}

static void hang(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  poll_pipe(ring, BAD);
  if (!faulty)
    poll_pipe(ring, GOOD);
  send_all(ring);
  wait_for(ring, 2);
}

static void waiting(bool faulty) {
  static struct __kernel_timespec soon = {.tv_nsec = 100000000};
  struct ring *ring = open_ring(8, 0);
  poll_pipe(ring, BAD);
  send_all(ring);
  if (faulty)
    wait_for(ring, 1);
  while (!stop) {
    io_uring_prep_timeout(next(ring, GOOD), &soon, 0, 0);
    send_all(ring);
    take(ring);
  }
}

// Resets every signal's handler, because a handler could write to the pipe and so end the wait.
static void deadlock(bool faulty) {
  static struct __kernel_timespec late = {.tv_sec = 1000};
  struct ring *ring = open_ring(8, 0);
  for (int number = 1; number < SIGSYS; number++)
    signal(number, SIG_DFL);
  poll_pipe(ring, BAD);
  if (!faulty)
    io_uring_prep_timeout(next(ring, GOOD), &late, 0, 0);
  send_all(ring);
  wait_for(ring, 1);
}

static void lost_wake(bool faulty) {
  enum { FUTEX_WAIT_OPCODE = 51, FUTEX2_SIZE_U32_FLAG = 2 };
  static uint32_t word;
  struct ring *ring = open_ring(8, 0);
  struct io_uring_sqe *wait = next(ring, BAD);
  wait->opcode = FUTEX_WAIT_OPCODE;
  wait->fd = FUTEX2_SIZE_U32_FLAG;
  wait->addr = (uintptr_t)&word;
  wait->addr3 = UINT32_MAX;
  send_all(ring);
  if (faulty)
    __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
  wait_for(ring, 1);
}

static void stopped_process(bool faulty) {
  pid_t child = must(fork());
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct ring *ring = open_ring(8, 0);
    poll_pipe(ring, BAD);
    send_all(ring);
    if (faulty)
      raise(SIGSTOP);
    wait_for_end();
    _exit(0);
  }
  wait_for_end();
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static void make_fifo(char *path) {
  strcpy(path, "/tmp/uringtop-fault-XXXXXX");
  must(close(must(mkstemp(path))));
  unlink(path);
  must(mkfifo(path, 0600));
}

static void stuck_request(bool faulty) {
  char path[64];
  struct ring *ring = open_ring(8, 0);
  make_fifo(path);
  // Sets IOSQE_ASYNC, because otherwise the kernel first tries the OPENAT with O_NONBLOCK.
  for (int i = 0; i <= 200; i++) {
    bool isLast = i == 200 && faulty;
    struct io_uring_sqe *open = next(ring, isLast ? BAD : GOOD);
    io_uring_prep_openat(open, AT_FDCWD, isLast ? path : "/dev/null", O_RDONLY, 0);
    open->flags = IOSQE_ASYNC;
    send_all(ring);
    if (!isLast)
      close(take(ring));
  }
  wait_for_end();
  unlink(path);
}

static void leaked_request(bool faulty) {
  static char buffer[64];
  int fds[2];
  struct ring *ring = open_ring(8, 0);
  make_pipe(fds);
  io_uring_prep_read(next(ring, BAD), fds[0], buffer, sizeof buffer, 0);
  send_all(ring);
  if (!faulty) {
    io_uring_prep_cancel64(next(ring, GOOD), BAD, 0);
    send_all(ring);
    take_all(ring, 2);
  }
  io_uring_prep_close(next(ring, GOOD), fds[0]);
  send_all(ring);
  take(ring);
  wait_for_end();
}

// Closes the ring while an io-wq worker reads from a file system that never answers. Such a read cannot be cancelled.
static void leaked_ring(bool faulty) {
  static char buffer[64];
  char folder[] = "/tmp/uringtop-fault-XXXXXX", options[128], path[64];
  must(unshare(CLONE_NEWNS)); // the mount ends with the program
  must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  check(mkdtemp(folder) != NULL, "mkdtemp");
  int device = must(open("/dev/fuse", O_RDWR | O_CLOEXEC));
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
  must(mount("uringtop-fault", folder, "fuse", MS_NOSUID | MS_NODEV, options));
  pid_t server = must(fork());
  if (server == 0) {
    signal(SIGTERM, SIG_DFL);
    alarm(60); // ends the server even if the parent cannot exit because its request waits for the server
    serve_files(device, !faulty);
    _exit(0);
  }
  close(device);
  snprintf(path, sizeof path, "%s/file", folder);
  int file = must(open(path, O_RDONLY | O_CLOEXEC));
  struct ring *ring = open_ring(8, 0);
  struct io_uring_sqe *read = next(ring, BAD);
  io_uring_prep_read(read, file, buffer, sizeof buffer, 0);
  read->flags = IOSQE_ASYNC;
  send_all(ring);
  sleep_ms(1500); // time for uringtop to find the ring
  if (!faulty)
    take(ring);
  close_ring(ring);
  wait_for_end();
  kill(server, SIGKILL);
  umount2(folder, MNT_FORCE | MNT_DETACH);
  waitpid(server, NULL, 0);
  rmdir(folder);
}

static void unreaped_cqes(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  for (int i = 0; i < 3; i++)
    io_uring_prep_nop(next(ring, BAD + i));
  send_all(ring);
  if (!faulty)
    take_all(ring, 3);
  wait_for_end();
}

// Publishes the SQEs as a submission does, but without the system call.
static void publish(struct ring *ring) {
  struct io_uring_sq *sq = &ring->uring.sq;
  unsigned count = sq->sqe_tail - sq->sqe_head;
  for (unsigned i = 0; i < count; i++)
    sq->array[(*sq->ktail + i) & (ring->sq_entries - 1)] = (sq->sqe_head + i) & (ring->sq_entries - 1);
  io_uring_smp_store_release(sq->ktail, *sq->ktail + count);
}

static void unsubmitted_sqes(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  io_uring_prep_nop(next(ring, BAD));
  if (faulty) {
    publish(ring);
  } else {
    send_all(ring);
    take(ring);
  }
  wait_for_end();
}

static void sqpoll_stall(bool faulty) {
  struct io_uring_params parameters = {.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 10};
  struct ring *ring = open_ring_with(8, parameters);
  sleep_ms(300); // long enough for the SQ thread to go to sleep
  io_uring_prep_nop(next(ring, BAD));
  if (faulty) {
    publish(ring);
  } else {
    send_all(ring);
    take(ring);
  }
  wait_for_end();
}

static void sqpoll_idle(bool faulty) {
  struct io_uring_params parameters = {.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = faulty ? 5000 : 1};
  struct ring *ring = open_ring_with(8, parameters);
  while (!stop) {
    io_uring_prep_nop(next(ring, BAD));
    send_all(ring);
    take(ring);
    sleep_ms(200);
  }
}

static void drain_stall(bool faulty) {
  static char buffer[64];
  int fds[2];
  struct ring *ring = open_ring(8, 0);
  make_pipe(fds);
  io_uring_prep_read(next(ring, BAD), fds[0], buffer, sizeof buffer, 0);
  struct io_uring_sqe *drain = next(ring, GOOD);
  io_uring_prep_nop(drain);
  drain->flags = IOSQE_IO_DRAIN;
  send_all(ring);
  if (!faulty) {
    put(fds[1], "go");
    take_all(ring, 2);
  }
  wait_for_end();
}

static void overlapping_memory(bool faulty) {
  static char buffer[256];
  int fds[2];
  struct ring *ring = open_ring(8, 0);
  make_pipe(fds);
  io_uring_prep_read(next(ring, BAD), fds[0], buffer, 100, 0);
  io_uring_prep_read(next(ring, BAD + 1), fds[0], buffer + (faulty ? 60 : 100), 100, 0);
  send_all(ring);
  wait_for_end();
}

static void withdrawn_buffer(bool faulty) {
  int fds[2];
  struct ring *ring = open_ring(8, 0);
  struct iovec vector = {map_memory(4096), 4096};
  must_uring(io_uring_register_buffers(&ring->uring, &vector, 1));
  make_pipe(fds);
  io_uring_prep_read_fixed(next(ring, BAD), fds[0], vector.iov_base, 100, 0, 0);
  send_all(ring);
  if (!faulty) {
    put(fds[1], "go");
    take(ring);
  }
  must_uring(io_uring_unregister_buffers(&ring->uring));
  wait_for_end();
}

static void provide(struct ring *ring, unsigned count) {
  static char buffers[8][64];
  io_uring_prep_provide_buffers(next(ring, GOOD), buffers, sizeof *buffers, (int)count, 1, 0);
  send_all(ring);
  check(take(ring) >= 0, "no buffers");
}

static void receive_multishot(struct ring *ring, int fd) {
  struct io_uring_sqe *receive = next(ring, BAD);
  io_uring_prep_recv_multishot(receive, fd, NULL, 0, 0);
  receive->flags |= IOSQE_BUFFER_SELECT;
  receive->buf_group = 1;
  send_all(ring);
}

static void multishot_ended(bool faulty) {
  int pair[2];
  struct ring *ring = open_ring(8, 0);
  must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
  provide(ring, 1);
  receive_multishot(ring, pair[0]);
  put(pair[1], "one");
  check(take(ring) == 3, "nothing received");
  put(pair[1], "two");
  check(take(ring) == -ENOBUFS, "a buffer was left");
  if (!faulty) {
    provide(ring, 8);
    receive_multishot(ring, pair[0]);
    check(take(ring) == 3, "nothing received again");
  }
  wait_for_end();
}

static void buffers_exhausted(bool faulty) {
  int pair[2];
  struct ring *ring = open_ring(8, 0);
  must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
  provide(ring, faulty ? 1 : 8);
  receive_multishot(ring, pair[0]);
  for (int i = 0; i < 2; i++) {
    put(pair[1], "one");
    take(ring);
  }
  wait_for_end();
}

static void worker_fan_out(bool faulty) {
  enum { COUNT = 40 };
  static char paths[COUNT][64];
  unsigned limits[2] = {faulty ? COUNT : 4, 0};
  struct ring *ring = open_ring(64, 0);
  must_uring(io_uring_register_iowq_max_workers(&ring->uring, limits));
  for (int i = 0; i < COUNT; i++) {
    struct io_uring_sqe *open = next(ring, BAD + i);
    make_fifo(paths[i]);
    io_uring_prep_openat(open, AT_FDCWD, paths[i], O_RDONLY, 0);
    open->flags = IOSQE_ASYNC;
  }
  send_all(ring);
  wait_for_end();
  for (int i = 0; i < COUNT; i++)
    unlink(paths[i]);
}

static void closed_descriptor(bool faulty) {
  static char buffer[64];
  int fds[2];
  struct ring *ring = open_ring(8, 0);
  make_pipe(fds);
  io_uring_prep_read(next(ring, BAD), fds[0], buffer, sizeof buffer, 0);
  send_all(ring);
  if (faulty)
    close(fds[0]);
  wait_for_end();
}

static void implausible_value(bool faulty) {
  struct __kernel_timespec time = {.tv_sec = faulty ? 0xdeadbeef : 3600};
  struct ring *ring = open_ring(8, 0);
  io_uring_prep_timeout(next(ring, BAD), &time, 0, 0);
  send_all(ring);
  wait_for_end();
}

int main(int argc, char **argv) {
  static const struct fault faults[] = {
      {"hang", hang},
      {"waiting", waiting},
      {"deadlock", deadlock},
      {"lost-wake", lost_wake},
      {"stopped-process", stopped_process},
      {"stuck-request", stuck_request},
      {"leaked-request", leaked_request},
      {"leaked-ring", leaked_ring},
      {"unreaped-cqes", unreaped_cqes},
      {"unsubmitted-sqes", unsubmitted_sqes},
      {"sqpoll-stall", sqpoll_stall},
      {"sqpoll-idle", sqpoll_idle},
      {"drain-stall", drain_stall},
      {"implausible-value", implausible_value},
      {"closed-descriptor", closed_descriptor},
      {"overlapping-memory", overlapping_memory},
      {"withdrawn-buffer", withdrawn_buffer},
      {"multishot-ended", multishot_ended},
      {"buffers-exhausted", buffers_exhausted},
      {"worker-fan-out", worker_fan_out},
  };
  return run_fault(argc, argv, faults, sizeof faults / sizeof *faults);
}
