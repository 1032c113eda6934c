// TRUTH: a cycle of waits: each wait can end only after the next wait of the cycle has ended. The argument selects one
// of twelve cycles; the comment of the cycle's function lists the waits. The healthy twin (--healthy) has no deadlock,
// because one wait can be ended from outside the cycle: another process holds a descriptor that could end the wait, or
// a third thread ends the wait later.
#include "case.h"

static struct io_uring ring;
static char buffer[64];

static void open_ring(void) {
  URING(io_uring_queue_init(8, &ring, 0));
}

// With --healthy, starts a process that sleeps and keeps a copy of every descriptor. That process, outside the cycle,
// could end a wait.
static void keep_alive_elsewhere(void) {
  if (healthy && !fork_child())
    sleep_for_ever();
}

static void read_and_wait(uint64_t user_data, int fd) {
  io_uring_prep_read(next(&ring, user_data), fd, buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  wait_in_vain(&ring);
}

// READ 0xd01 waits for a pipe whose only write end this process holds; the process's only thread waits for the READ.
static void pipe_self(void) {
  int pipe_[2];
  MUST(pipe2(pipe_, O_CLOEXEC));
  keep_alive_elsewhere();
  open_ring();
  fact("pipe", "%lu", inode(pipe_[0]));
  fact("writer", "%d", pipe_[1]);
  ready();
  read_and_wait(0xd01, pipe_[0]);
}

// READ 0xda1 waits for a pipe. Only the ring still holds the two ends, as registered files 0 and 1; their descriptors
// are closed.
static void registered_pipe(void) {
  int pipe_[2];
  MUST(pipe2(pipe_, O_CLOEXEC));
  keep_alive_elsewhere();
  open_ring();
  fact("pipe", "%lu", inode(pipe_[0]));
  URING(io_uring_register_files(&ring, pipe_, 2));
  MUST(close(pipe_[0]));
  MUST(close(pipe_[1]));
  struct io_uring_sqe *sqe = next(&ring, 0xda1);
  io_uring_prep_read(sqe, 0, buffer, sizeof buffer, 0);
  sqe->flags |= IOSQE_FIXED_FILE;
  URING(io_uring_submit(&ring));
  ready();
  wait_in_vain(&ring);
}

// WRITE 0xdb2 would end READ 0xdb1 on the same pipe, but has IOSQE_IO_DRAIN: the kernel does not start it until the
// READ has ended.
static void drained_write(void) {
  int pipe_[2];
  MUST(pipe2(pipe_, O_CLOEXEC));
  keep_alive_elsewhere();
  open_ring();
  fact("pipe", "%lu", inode(pipe_[0]));
  fact("writer", "%d", pipe_[1]);
  io_uring_prep_read(next(&ring, 0xdb1), pipe_[0], buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  struct io_uring_sqe *sqe = next(&ring, 0xdb2);
  io_uring_prep_write(sqe, pipe_[1], "x", 1, 0);
  sqe->flags |= IOSQE_IO_DRAIN;
  URING(io_uring_submit(&ring));
  ready();
  wait_in_vain(&ring);
}

// Parent: READ 0xd11 on pipe A, whose write end only the child has. Child: READ 0xd12 on pipe B, whose write end only
// the parent has.
static void two_pipes(void) {
  int a[2], b[2];
  MUST(pipe2(a, O_CLOEXEC));
  MUST(pipe2(b, O_CLOEXEC));
  fact("a", "%lu", inode(a[0]));
  fact("b", "%lu", inode(b[0]));
  keep_alive_elsewhere();
  pid_t child = fork_child();
  if (!child) {
    MUST(close(a[0]));
    MUST(close(b[1]));
    open_ring();
    read_and_wait(0xd12, b[0]);
  }
  fact("child", "%d", child);
  MUST(close(a[1]));
  MUST(close(b[0]));
  open_ring();
  ready();
  read_and_wait(0xd11, a[0]);
}

static void receive_from_each_other(int mine, int other, uint64_t user_data) {
  keep_alive_elsewhere();
  pid_t child = fork_child();
  MUST(close(child ? other : mine));
  open_ring();
  io_uring_prep_recv(next(&ring, user_data + !child), child ? mine : other, buffer, sizeof buffer, 0);
  URING(io_uring_submit(&ring));
  if (child) {
    fact("child", "%d", child);
    ready();
  }
  wait_in_vain(&ring);
}

// Parent and child wait for each other to send: RECV 0xd21 and 0xd22 on the two ends of one socketpair.
static void socket_pair(void) {
  int pair[2];
  open_socket_pair(pair);
  fact("mine", "%lu", inode(pair[0]));
  fact("other", "%lu", inode(pair[1]));
  receive_from_each_other(pair[0], pair[1], 0xd21);
}

// Parent and child: RECV 0xd31 and 0xd32 on the two ends of one TCP connection; each waits for the other to send first.
static void tcp(void) {
  unsigned short port;
  int listener = listen_loopback(&port, 0), client = connect_loopback(port);
  int server = (int)MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
  MUST(close(listener));
  fact("port", "%u", port);
  fact("client_port", "%u", peer_port(server));
  receive_from_each_other(client, server, 0xd31);
}

static void send_all(int fd, uint64_t user_data) {
  enum { SIZE = 4 << 20 };
  io_uring_prep_send(next(&ring, user_data), fd, map(SIZE), SIZE, MSG_WAITALL);
  URING(io_uring_submit(&ring));
  wait_in_vain(&ring);
}

// Parent and child: SEND 0xd41 and 0xd42 of 4 MiB on the two ends of one socketpair. Both send queues are full, and
// neither process receives.
static void full_sockets(void) {
  int pair[2];
  open_socket_pair(pair);
  keep_alive_elsewhere();
  fact("mine", "%lu", inode(pair[0]));
  pid_t child = fork_child();
  MUST(close(pair[child ? 1 : 0]));
  open_ring();
  if (child) {
    fact("child", "%d", child);
    ready();
  }
  send_all(pair[child ? 0 : 1], child ? 0xd41 : 0xd42);
}

static struct io_uring rings[2];
static int events[2];
static uint32_t words[2];

static void *wait_for_message(void *index) {
  int own = *(int *)index;
  take(&rings[own]);
  io_uring_prep_msg_ring(next(&rings[own], 0xd51), rings[!own].ring_fd, 0, 0xd50, 0);
  URING(io_uring_submit(&rings[own]));
  return NULL;
}

static void *wait_for_event(void *index) {
  static uint64_t counts[2];
  int own = *(int *)index;
  io_uring_prep_read(next(&rings[own], 0xd61 + own), events[own], &counts[own], 8, 0);
  URING(io_uring_submit(&rings[own]));
  take(&rings[own]);
  MUST(eventfd_write(events[!own], 1));
  return NULL;
}

static void *wait_for_word(void *index) {
  int own = *(int *)index;
  prep_futex_wait(next(&rings[own], 0xd71 + own), &words[own], 0);
  URING(io_uring_submit(&rings[own]));
  take(&rings[own]);
  syscall(SYS_futex, &words[!own], FUTEX_WAKE, 1, NULL, NULL, 0);
  return NULL;
}

// Runs in a third thread, outside the cycle, and ends all waits after 40 s.
static void *wake_all_later(void *unused) {
  struct io_uring own;
  (void)unused;
  sleep(40);
  URING(io_uring_queue_init(8, &own, 0));
  for (int i = 0; i < 2; i++) {
    eventfd_write(events[i], 1);
    syscall(SYS_futex, &words[i], FUTEX_WAKE, 1, NULL, NULL, 0);
    io_uring_prep_msg_ring(next(&own, 0xd5f), rings[i].ring_fd, 0, 0xd50, 0);
  }
  URING(io_uring_submit(&own));
  sleep_for_ever();
}

// Starts two threads, each with its own ring, that run `work`.
static void two_threads(void *(*work)(void *)) {
  static int indices[2] = {0, 1};
  for (int i = 0; i < 2; i++) {
    URING(io_uring_queue_init(8, &rings[i], 0));
    events[i] = (int)MUST(eventfd(0, EFD_CLOEXEC));
  }
  fact("ring0", "%d", rings[0].ring_fd);
  fact("ring1", "%d", rings[1].ring_fd);
  fact("event0", "%d", events[0]);
  fact("event1", "%d", events[1]);
  pthread_t other = start(work, &indices[1]);
  if (healthy)
    start(wake_all_later, NULL);
  pause_ms(100);
  ready();
  work(&indices[0]);
  pthread_join(other, NULL);
}

// WAITID 0xd81 of the parent waits for the child's end; the child's READ 0xd82 waits for a pipe whose only write end
// the parent holds.
static void child_and_pipe(void) {
  static siginfo_t info;
  int pipe_[2];
  MUST(pipe2(pipe_, O_CLOEXEC));
  fact("pipe", "%lu", inode(pipe_[0]));
  keep_alive_elsewhere();
  pid_t child = fork_child();
  if (!child) {
    MUST(close(pipe_[1]));
    open_ring();
    read_and_wait(0xd82, pipe_[0]);
  }
  fact("child", "%d", child);
  MUST(close(pipe_[0]));
  open_ring();
  prep_waitid(next(&ring, 0xd81), child, &info);
  URING(io_uring_submit(&ring));
  ready();
  wait_in_vain(&ring);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int answer[2];

static void *answer_under_mutex(void *unused) {
  (void)unused;
  fact("thread", "%d", thread_id());
  pthread_mutex_lock(&mutex);
  put(answer[1], "answer");
  return NULL;
}

// The main thread holds a mutex and waits for READ 0xd91 on a pipe; the thread that would write to the pipe waits for
// the mutex.
static void mutex_and_pipe(void) {
  MUST(pipe2(answer, O_CLOEXEC));
  fact("pipe", "%lu", inode(answer[0]));
  keep_alive_elsewhere();
  open_ring();
  pthread_mutex_lock(&mutex);
  start(answer_under_mutex, NULL);
  pause_ms(100);
  ready();
  read_and_wait(0xd91, answer[0]);
}

int main(int argc, char **argv) {
  const char *name = begin(argc, argv);
  const struct {
    const char *name;
    void (*run)(void);
    void *(*work)(void *);
  } cycles[] = {
      {"pipe_self", pipe_self, NULL},
      {"registered_pipe", registered_pipe, NULL},
      {"drained_write", drained_write, NULL},
      {"two_pipes", two_pipes, NULL},
      {"socket_pair", socket_pair, NULL},
      {"tcp", tcp, NULL},
      {"full_sockets", full_sockets, NULL},
      {"child_and_pipe", child_and_pipe, NULL},
      {"mutex_and_pipe", mutex_and_pipe, NULL},
      // Each of two threads waits on its ring, with no request in flight, for a MSG_RING from the other thread, which
      // the other sends only after its own wait.
      {"messages", NULL, wait_for_message},
      // Each of two threads READs (0xd61, 0xd62) an eventfd that the other writes only after its own READ.
      {"eventfds", NULL, wait_for_event},
      // Each of two threads waits (FUTEX_WAIT 0xd71, 0xd72) for a word that the other wakes only after its own wait.
      {"futexes", NULL, wait_for_word},
  };
  for (unsigned i = 0; i < sizeof cycles / sizeof *cycles; i++)
    if (!strcmp(cycles[i].name, name)) {
      truth("cycle %s%s", name, healthy ? ", one edge open" : "");
      if (cycles[i].run)
        cycles[i].run();
      else
        two_threads(cycles[i].work);
      return 1;
    }
  fprintf(stderr, "no cycle %s\n", name);
  return 1;
}
