// Faults that appear in a request's result or make the I/O inefficient. Each case makes its fault and then ends,
// without waiting for a signal.
#include <arpa/inet.h>
#include <netinet/in.h>
#include "fault.h"

static char buffer[65536];

static void cq_overflow(bool faulty) {
  struct io_uring_params parameters = {.flags = IORING_SETUP_CQSIZE, .cq_entries = 8};
  struct ring *ring = open_ring_with(8, parameters);
  for (int batch = 0; batch < 3; batch++) {
    for (int i = 0; i < 8; i++)
      io_uring_prep_nop(next(ring, faulty && batch > 0 ? BAD : GOOD));
    send_all(ring);
    if (!faulty)
      take_all(ring, 8);
  }
}

static void broken_chain(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  int file = temporary_file(100);
  struct io_uring_sqe *read = next(ring, BAD);
  io_uring_prep_read(read, file, buffer, faulty ? 4096 : 100, 0);
  read->flags = IOSQE_IO_LINK;
  io_uring_prep_nop(next(ring, GOOD));
  send_all(ring);
  take_all(ring, 2);
}

static void error_storm(bool faulty) {
  struct ring *ring = open_ring(32, 0);
  int zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  for (int i = 0; i < 100; i++) {
    io_uring_prep_read(next(ring, BAD), faulty || i == 50 ? 9999 : zero, buffer, 64, 0);
    send_all(ring);
    take(ring);
  }
}

static void bad_memory(bool faulty) {
  int pair[2];
  struct ring *ring = open_ring(8, 0);
  void *memory = map_memory(4096);
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  io_uring_prep_recv(next(ring, BAD), pair[0], memory, 4096, 0);
  send_all(ring);
  if (faulty)
    munmap(memory, 4096);
  put(pair[1], "data");
  check(take(ring) == (faulty ? -EFAULT : 4), "a strange result");
}

static void group_condition(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  struct iovec vector = {map_memory(4096), 4096};
  must_uring(io_uring_register_buffers(&ring->uring, &vector, 1));
  int zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  io_uring_prep_read_fixed(next(ring, BAD), zero, (char *)vector.iov_base + (faulty ? 4000 : 0), 1000, 0, 0);
  send_all(ring);
  check(take(ring) == (faulty ? -EFAULT : 1000), "a strange result");
}

// Makes a write that the file-size limit (RLIMIT_FSIZE) cuts short.
static void short_write(bool faulty) {
  struct rlimit limit = {1000, RLIM_INFINITY};
  struct ring *ring = open_ring(8, 0);
  int file = temporary_file(0);
  signal(SIGXFSZ, SIG_IGN);
  if (faulty)
    must(setrlimit(RLIMIT_FSIZE, &limit));
  io_uring_prep_write(next(ring, BAD), file, buffer, 4096, 0);
  send_all(ring);
  check(take(ring) == (faulty ? 1000 : 4096), "a strange result");
}

// Makes a read that stops at unmapped memory, with mapped memory behind it. In the healthy variant the read stops at
// the end of a file.
static void short_read(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  char *memory = map_memory(3 * 4096);
  int file = faulty ? must(open("/proc/self/mem", O_RDONLY | O_CLOEXEC)) : temporary_file(4096);
  if (faulty)
    munmap(memory + 4096, 4096);
  uintptr_t start = faulty ? (uintptr_t)memory : 0;
  io_uring_prep_read(next(ring, BAD), file, buffer, 8192, start);
  io_uring_prep_read(next(ring, GOOD), file, buffer + 8192, 4096, start + (faulty ? 8192 : 0));
  send_all(ring);
  take_all(ring, 2);
}

// Sends with SEND_ZC over the loopback device, which copies the data on delivery. In the healthy variant the receiver's
// window is full, so the data stays in the send queue until the connection is reset, and is never copied.
static void copied_send(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  need_opcode(ring, IORING_OP_SEND_ZC, "SEND_ZC");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), small = 4096, large = 1 << 22;
  must(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small));
  must(bind(listener, (struct sockaddr *)&address, size));
  must(listen(listener, 1));
  must(getsockname(listener, (struct sockaddr *)&address, &size));
  int sender = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  must(setsockopt(sender, SOL_SOCKET, SO_SNDBUF, &large, sizeof large));
  must(connect(sender, (struct sockaddr *)&address, size));
  int receiver = must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
  for (int i = 0; i < (faulty ? 0 : 4); i++)
    check(must(send(sender, buffer, sizeof buffer, MSG_DONTWAIT)) == sizeof buffer, "the send queue is full");
  struct io_uring_sqe *send = next(ring, BAD);
  io_uring_prep_send_zc(send, sender, buffer, 1024, 0, 0);
  send->ioprio |= 1 << 3; // IORING_SEND_ZC_REPORT_USAGE
  send_all(ring);
  check(take(ring) == 1024, "not sent");
  if (faulty) {
    must(recv(receiver, buffer + 1024, 1024, 0));
  } else {
    struct linger reset = {.l_onoff = 1};
    must(setsockopt(sender, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
    close(sender);
  }
  take(ring);
}

// Reads a file of /proc. Such files do not support non-blocking reads, so an io-wq worker executes each READ.
static void punt_storm(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  int file = must(open(faulty ? "/proc/self/status" : "/dev/zero", O_RDONLY | O_CLOEXEC));
  for (int i = 0; i < 300; i++) {
    io_uring_prep_read(next(ring, BAD), file, buffer, 64, 0);
    send_all(ring);
    take(ring);
  }
}

static void hashed_work(bool faulty) {
  struct ring *ring = open_ring(32, 0);
  int file = must(memfd_create("uringtop-test", MFD_CLOEXEC)); // does not support non-blocking writes
  for (int batch = 0; batch < 320 / (faulty ? 32 : 1); batch++) {
    for (int i = 0; i < (faulty ? 32 : 1); i++)
      io_uring_prep_write(next(ring, BAD), file, buffer, sizeof buffer, 0);
    send_all(ring);
    take_all(ring, faulty ? 32 : 1);
  }
}

static void small_batches(bool faulty) {
  struct ring *ring = open_ring(32, 0);
  for (int i = 0; i < 3200; i++) {
    io_uring_prep_nop(next(ring, BAD));
    if (faulty || i % 32 == 31) {
      send_all(ring);
      take_all(ring, faulty ? 1 : 32);
    }
  }
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *submit_some(void *argument) {
  struct ring *ring = argument;
  for (int i = 0; i < 500; i++) {
    pthread_mutex_lock(&lock);
    io_uring_prep_nop(next(ring, BAD));
    send_all(ring);
    take(ring);
    pthread_mutex_unlock(&lock);
  }
  return NULL;
}

static void many_submitters(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  pthread_t thread;
  if (faulty)
    check(!pthread_create(&thread, NULL, submit_some, ring), "no thread");
  submit_some(ring);
  if (faulty)
    pthread_join(thread, NULL);
}

static void spin(unsigned nanoseconds) {
  for (uint64_t end = now_ns() + nanoseconds; now_ns() < end;)
    ;
}

// Data arrives after the RECV's submission, and the task work that receives the data waits while the program computes.
// In the healthy variant the data is available at submission.
static void no_defer_taskrun(bool faulty) {
  int pair[2];
  struct ring *ring = open_ring(8, IORING_SETUP_COOP_TASKRUN);
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  for (int i = 0; i < 12000; i++) {
    if (!faulty)
      put(pair[1], "x");
    io_uring_prep_recv(next(ring, BAD), pair[0], buffer, 1, 0);
    send_all(ring);
    if (faulty) {
      put(pair[1], "x");
      spin(100000);
    }
    take(ring);
  }
}

static void no_registered_file(bool faulty) {
  struct ring *ring = open_ring(64, 0);
  int zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  must_uring(io_uring_register_files(&ring->uring, &zero, 1));
  for (int batch = 0; batch < 2000; batch++) {
    for (int i = 0; i < 64; i++) {
      struct io_uring_sqe *read = next(ring, BAD);
      io_uring_prep_read(read, faulty ? zero : 0, buffer, 8, 0);
      read->flags = faulty ? 0 : IOSQE_FIXED_FILE;
    }
    send_all(ring);
    take_all(ring, 64);
  }
}

static void open_link(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  int zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  struct io_uring_sqe *read = next(ring, BAD);
  io_uring_prep_read(read, zero, buffer, 64, 0);
  read->flags = IOSQE_IO_LINK;
  if (faulty)
    send_all(ring);
  io_uring_prep_nop(next(ring, GOOD));
  send_all(ring);
  take_all(ring, 2);
}

static void zero_progress(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  int file = temporary_file(4096);
  for (int i = 0; i < 300; i++) {
    io_uring_prep_read(next(ring, BAD), file, buffer, 4096, faulty || i % 2 ? 4096 : 0);
    send_all(ring);
    take(ring);
  }
}

static void slow_open(bool faulty) {
  struct ring *ring = open_ring(8, 0);
  for (int i = 0; i < 100; i++) {
    io_uring_prep_openat(
        next(ring, BAD), AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC | (faulty ? O_CREAT : 0), 0600);
    send_all(ring);
    close(must_uring(take(ring)));
  }
}

static void unexplained_error(bool faulty) {
  int pair[2];
  struct ring *ring = open_ring(8, 0);
  must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
  for (int i = 0; i < 100; i++) {
    if (!faulty)
      put(pair[1], "data");
    io_uring_prep_recv(next(ring, BAD), pair[0], buffer, 64, MSG_DONTWAIT);
    send_all(ring);
    check(take(ring) == (faulty ? -EAGAIN : 4), "a strange result");
  }
}

int main(int argc, char **argv) {
  static const struct fault faults[] = {
      {"cq-overflow", cq_overflow},
      {"broken-chain", broken_chain},
      {"open-link", open_link},
      {"error-storm", error_storm},
      {"unexplained-error", unexplained_error},
      {"zero-progress", zero_progress},
      {"slow-open", slow_open},
      {"bad-memory", bad_memory},
      {"group-condition", group_condition},
      {"short-write", short_write},
      {"short-read", short_read},
      {"copied-send", copied_send},
      {"punt-storm", punt_storm},
      {"hashed-work", hashed_work},
      {"small-batches", small_batches},
      {"many-submitters", many_submitters},
      {"no-defer-taskrun", no_defer_taskrun},
      {"no-registered-file", no_registered_file},
  };
  return run_fault(argc, argv, faults, sizeof faults / sizeof *faults);
}
