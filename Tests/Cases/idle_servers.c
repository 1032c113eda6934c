// TRUTH: no fault. Each server waits for an event that a live process, a live thread or a timer can still cause. The
// argument names the server.
#include "case.h"

static struct io_uring ring;
static char buffer[64];
static int bell;
static uint32_t word;

static __attribute__((noreturn)) void *sleep_in_thread(void *unused) {
  (void)unused;
  sleep_for_ever();
}

static void wait_for_ever(void) {
  URING(io_uring_submit(&ring));
  ready();
  for (;;)
    take(&ring);
}

// Starts a child process that keeps its copy of `keep` open, closes its copy of `drop`, and sleeps.
static void sleeping_peer(int keep, int drop) {
  if (!fork_child()) {
    MUST(close(drop));
    MUST(close(ring.ring_fd));
    sleep_for_ever();
  }
  MUST(close(keep));
}

static void echo(void) {
  unsigned short port;
  int listener = listen_loopback(&port, 0), client = connect_loopback(port);
  int server = (int)MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
  sleeping_peer(client, server);
  io_uring_prep_multishot_accept(next(&ring, 0xe01), listener, NULL, NULL, 0);
  io_uring_prep_recv(next(&ring, 0xe02), server, buffer, sizeof buffer, 0);
  wait_for_ever();
}

static void accept_loop(void) {
  unsigned short port;
  io_uring_prep_accept(next(&ring, 0xe11), listen_loopback(&port, 0), NULL, NULL, SOCK_CLOEXEC);
  wait_for_ever();
}

static void unix_accept(void) {
  int listener = (int)MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "idle-server-%d", getpid());
  MUST(bind(listener, (struct sockaddr *)&address, sizeof address));
  MUST(listen(listener, 8));
  io_uring_prep_multishot_accept(next(&ring, 0xe21), listener, NULL, NULL, 0);
  wait_for_ever();
}

static void timer_wheel(void) {
  struct __kernel_timespec times[] = {{0, 200000000}, {1, 0}, {30, 0}};
  ready();
  for (unsigned i = 0; i < 3; i++)
    io_uring_prep_timeout(next(&ring, i), &times[i], 0, 0);
  for (;;) {
    URING(io_uring_submit(&ring));
    unsigned i = (unsigned)take(&ring).user_data;
    io_uring_prep_timeout(next(&ring, i), &times[i], 0, 0);
  }
}

static __attribute__((noreturn)) void *ring_the_bell(void *unused) {
  (void)unused;
  for (;;) {
    pause_ms(2000);
    eventfd_write(bell, 1);
  }
}

static void doorbell(void) {
  eventfd_t count;
  bell = (int)MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  io_uring_prep_poll_multishot(next(&ring, 0xe31), bell, POLLIN);
  URING(io_uring_submit(&ring));
  start(ring_the_bell, NULL);
  ready();
  for (;;) {
    take(&ring);
    eventfd_read(bell, &count);
  }
}

static void pipe_reader(void) {
  int pipe_[2];
  MUST(pipe2(pipe_, O_CLOEXEC));
  sleeping_peer(pipe_[1], pipe_[0]);
  io_uring_prep_read(next(&ring, 0xe41), pipe_[0], buffer, sizeof buffer, 0);
  wait_for_ever();
}

static void multishot_recv(void) {
  static char buffers[8][64];
  int pair[2];
  open_socket_pair(pair);
  sleeping_peer(pair[1], pair[0]);
  struct io_uring_buf_ring *group = open_buffer_ring(&ring, 8, 7);
  for (int i = 0; i < 8; i++)
    io_uring_buf_ring_add(group, buffers[i], 64, (unsigned short)i, 7, i);
  io_uring_buf_ring_advance(group, 8);
  struct io_uring_sqe *sqe = next(&ring, 0xe51);
  io_uring_prep_recv_multishot(sqe, pair[0], NULL, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = 7;
  wait_for_ever();
}

static void futex(void) {
  start(sleep_in_thread, NULL);
  prep_futex_wait(next(&ring, 0xe61), &word, 0);
  wait_for_ever();
}

static void child_exit(void) {
  static siginfo_t info;
  pid_t child = fork_child();
  if (!child) {
    MUST(close(ring.ring_fd));
    sleep_for_ever();
  }
  prep_waitid(next(&ring, 0xe71), child, &info);
  wait_for_ever();
}

static __attribute__((noreturn)) void *send_message(void *unused) {
  struct io_uring own;
  (void)unused;
  URING(io_uring_queue_init(8, &own, 0));
  for (;;) {
    sleep(2);
    io_uring_prep_msg_ring(next(&own, 0xe81), ring.ring_fd, 0, 0xe82, 0);
    URING(io_uring_submit(&own));
    take(&own);
  }
}

static void messages(void) {
  start(send_message, NULL);
  wait_for_ever();
}

int main(int argc, char **argv) {
  const char *name = begin(argc, argv);
  const struct {
    const char *name;
    void (*run)(void);
  } servers[] = {
      {"echo", echo},
      {"accept_loop", accept_loop},
      {"unix_accept", unix_accept},
      {"timer_wheel", timer_wheel},
      {"doorbell", doorbell},
      {"pipe_reader", pipe_reader},
      {"multishot_recv", multishot_recv},
      {"futex", futex},
      {"child_exit", child_exit},
      {"messages", messages},
  };
  URING(io_uring_queue_init(8, &ring, 0));
  for (unsigned i = 0; i < sizeof servers / sizeof *servers; i++)
    if (!strcmp(servers[i].name, name)) {
      truth("server %s is idle", name);
      servers[i].run();
    }
  fprintf(stderr, "no server %s\n", name);
  return 1;
}
