// Functions that the test programs of this directory (the cases) share: error checks, output lines, sockets, buffer
// rings.
//
// A case prints `TRUTH: sentence`, `FACT name value` and, once the fault is present, `READY pid`. It then keeps its
// state until a signal or the alarm ends it. With --healthy the case does the same work without the fault.
#ifndef CASE_H
#define CASE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED_OK __attribute__((unused))

// Ends the case if a call returns -1 (MUST) or -errno (URING).
#define MUST(call) \
  ({ \
    long value_ = (long)(call); \
    if (value_ < 0) \
      fail(__LINE__, #call, errno); \
    value_; \
  })
#define URING(call) \
  ({ \
    int value_ = (call); \
    if (value_ < 0) \
      fail(__LINE__, #call, -value_); \
    value_; \
  })

enum { SECONDS = 60, SKIPPED = 77 };

// Kernel constants that the liburing headers of Debian 12 lack.
enum { OP_WAITID = 50, OP_FUTEX_WAIT = 51, OP_FUTEX_WAKE = 52, ENTER_NO_IOWAIT = 1 << 7 };

static bool healthy UNUSED_OK;

UNUSED_OK static __attribute__((noreturn)) void fail(int line, const char *call, int error) {
  fprintf(stderr, "line %d: %s: %s\n", line, call, strerror(error));
  exit(1);
}

__attribute__((format(printf, 1, 2))) UNUSED_OK static void truth(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fputs("TRUTH: ", stdout);
  vprintf(format, list);
  putchar('\n');
  va_end(list);
}

// Prints a value that the case's expectation file refers to as <name>.
__attribute__((format(printf, 2, 3))) UNUSED_OK static void fact(const char *name, const char *format, ...) {
  va_list list;
  va_start(list, format);
  printf("FACT %s ", name);
  vprintf(format, list);
  putchar('\n');
  va_end(list);
}

UNUSED_OK static void ready(void) {
  printf("READY %d\n", getpid());
}

// Returns the first argument that is not --healthy, or an empty string.
UNUSED_OK static const char *begin(int argc, char **argv) {
  const char *argument = "";
  for (int i = argc - 1; i > 0; i--)
    if (!strcmp(argv[i], "--healthy"))
      healthy = true;
    else
      argument = argv[i];
  signal(SIGPIPE, SIG_IGN);
  alarm(SECONDS);
  setvbuf(stdout, NULL, _IOLBF, 0);
  return argument;
}

UNUSED_OK static pthread_t start(void *(*work)(void *), void *argument) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, work, argument);
  if (error)
    fail(__LINE__, "pthread_create", error);
  return thread;
}

// Forks a child that is killed when its parent exits.
UNUSED_OK static pid_t fork_child(void) {
  pid_t parent = getpid(), child = (pid_t)MUST(fork());
  if (!child) {
    MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
    if (getppid() != parent)
      _exit(1);
  }
  return child;
}

UNUSED_OK static void pause_ms(unsigned ms) {
  usleep(ms * 1000);
}

UNUSED_OK static __attribute__((noreturn)) void sleep_for_ever(void) {
  for (;;)
    pause();
}

UNUSED_OK static int thread_id(void) {
  return (int)syscall(SYS_gettid);
}

UNUSED_OK static unsigned long inode(int fd) {
  struct stat status;
  MUST(fstat(fd, &status));
  return status.st_ino;
}

UNUSED_OK static void *map(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED)
    fail(__LINE__, "mmap", errno);
  return memory;
}

UNUSED_OK static void put(int fd, const char *text) {
  if (MUST(write(fd, text, strlen(text))) != (long)strlen(text))
    fail(__LINE__, "write", EIO);
}

// MARK: - Requests

UNUSED_OK static struct io_uring_sqe *next(struct io_uring *ring, uint64_t user_data) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
  if (!sqe)
    fail(__LINE__, "io_uring_get_sqe", EAGAIN);
  memset(sqe, 0, sizeof *sqe);
  sqe->user_data = user_data;
  return sqe;
}

struct result {
  uint64_t user_data;
  int32_t res;
  uint32_t flags;
};

// Waits for one CQE, and takes it from the CQ.
UNUSED_OK static struct result take(struct io_uring *ring) {
  struct io_uring_cqe *cqe;
  URING(io_uring_wait_cqe(ring, &cqe));
  struct result result = {cqe->user_data, cqe->res, cqe->flags};
  io_uring_cqe_seen(ring, cqe);
  return result;
}

// Waits for a CQE that never arrives while the fault is present.
UNUSED_OK static int wait_in_vain(struct io_uring *ring) {
  struct result cqe = take(ring);
  truth("unexpected completion of 0x%llx: %d", (unsigned long long)cqe.user_data, cqe.res);
  return 1;
}

UNUSED_OK static void prep_futex_wait(struct io_uring_sqe *sqe, uint32_t *word, uint32_t value) {
  sqe->opcode = OP_FUTEX_WAIT;
  sqe->fd = 2; // FUTEX2_SIZE_U32
  sqe->addr = (uintptr_t)word;
  sqe->off = value;
  sqe->addr3 = 0xffffffff; // a bitset that matches every FUTEX_WAKE
}

UNUSED_OK static void prep_waitid(struct io_uring_sqe *sqe, pid_t pid, siginfo_t *info) {
  sqe->opcode = OP_WAITID;
  sqe->fd = pid;
  sqe->len = P_PID;
  sqe->file_index = WEXITED;
  sqe->addr2 = (uintptr_t)info;
}

// Registers an empty ring of provided buffers as group `group`; the caller adds the buffers.
UNUSED_OK static struct io_uring_buf_ring *open_buffer_ring(
    struct io_uring *ring, unsigned entries, int group) {
  struct io_uring_buf_ring *buffers = map(4096);
  struct io_uring_buf_reg registration = {
      .ring_addr = (uintptr_t)buffers, .ring_entries = entries, .bgid = (uint16_t)group};
  URING(io_uring_register_buf_ring(ring, &registration, 0));
  io_uring_buf_ring_init(buffers);
  return buffers;
}

// MARK: - Files

UNUSED_OK static void open_socket_pair(int pair[2]) {
  MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}

// Opens an unlinked file of `size` bytes.
UNUSED_OK static int temporary_file(size_t size) {
  int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) // in a guest, /var/tmp may be unusable
    fd = (int)MUST(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  MUST(ftruncate(fd, (off_t)size));
  return fd;
}

UNUSED_OK static int listen_loopback(unsigned short *port, int receive_buffer) {
  int fd = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer)
    MUST(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer));
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  MUST(bind(fd, (struct sockaddr *)&address, sizeof address));
  MUST(listen(fd, 8));
  socklen_t size = sizeof address;
  MUST(getsockname(fd, (struct sockaddr *)&address, &size));
  *port = ntohs(address.sin_port);
  return fd;
}

UNUSED_OK static int connect_loopback(unsigned short port) {
  int fd = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  MUST(connect(fd, (struct sockaddr *)&address, sizeof address));
  return fd;
}

UNUSED_OK static unsigned short peer_port(int fd) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  MUST(getpeername(fd, (struct sockaddr *)&address, &size));
  return ntohs(address.sin_port);
}

#endif
