/*
 * silent_fuse FOLDER: mounts a file system whose server stops answering, and starts a program on it.
 *
 * The program's executable is on that file system. For another file there, `data`, the program has descriptors, a
 * mapping, an entry in an epoll instance and io_uring requests. The program's threads wait for the server. The threads
 * of its child process also wait for the server; one of them holds the lock of the child's address space. Prints
 * {"target":PID,"child":PID,"server":PID} when this state is reached. Exits at the end of standard input or on SIGTERM;
 * its exit ends all waits. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/fuse.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOT = 1, PROGRAM, DATA, DATA_SIZE = 65536, PAGE = 4096 };
/* The program's descriptor of its socket to the server. */
enum { SERVER = 200 };

static long must(long result, const char *what) {
  if (result < 0) {
    fprintf(stderr, "silent_fuse: %s: %s\n", what, strerror(errno));
    exit(1);
  }
  return result;
}
#define MUST(call) must((call), #call)

/* The server */

static int fuse;
static char *program;
static size_t program_size;
static bool is_silent;

static void reply(uint64_t unique, int error, const void *data, size_t size) {
  char message[sizeof(struct fuse_out_header) + DATA_SIZE * 2];
  struct fuse_out_header head = {.len = sizeof head + size, .error = error, .unique = unique};
  memcpy(message, &head, sizeof head);
  memcpy(message + sizeof head, data, size);
  /* ENOENT: the requester was killed */
  if (write(fuse, message, head.len) < 0 && errno != ENOENT)
    MUST(-1);
}

static struct fuse_attr attributes(uint64_t node) {
  struct fuse_attr attributes = {.ino = node, .nlink = 1, .blksize = PAGE};
  attributes.mode = node == ROOT ? S_IFDIR | 0755 : node == PROGRAM ? S_IFREG | 0755 : S_IFREG | 0644;
  attributes.size = node == PROGRAM ? program_size : node == ROOT ? 0 : DATA_SIZE;
  return attributes;
}

static void read_file(const struct fuse_in_header *head, const struct fuse_read_in *asked) {
  static const char zeros[DATA_SIZE];
  const char *content = head->nodeid == PROGRAM ? program : zeros;
  size_t size = head->nodeid == PROGRAM ? program_size : DATA_SIZE;
  size_t start = asked->offset < size ? asked->offset : size;
  size_t length = asked->size < size - start ? asked->size : size - start;
  reply(head->unique, 0, content + start, length);
}

static void look_up(const struct fuse_in_header *head, const char *name) {
  uint64_t node = strcmp(name, "program") == 0 ? PROGRAM : strcmp(name, "data") == 0 ? DATA : 0;
  /* The reply has no validity time, so the kernel sends a new request for each look-up. */
  struct fuse_entry_out entry = {.nodeid = node, .attr = attributes(node)};
  reply(head->unique, node ? 0 : -ENOENT, &entry, node ? sizeof entry : 0);
}

static void serve(void) {
  static char message[DATA_SIZE * 3];
  if (read(fuse, message, sizeof message) < 0)
    return;
  const struct fuse_in_header *head = (const void *)message;
  const void *body = head + 1;
  if (is_silent)
    return;
  switch (head->opcode) {
    case FUSE_INIT: {
      /* Without FUSE_ASYNC_READ, a task that needs a page waits for it in the FUSE request itself. */
      struct fuse_init_out init = {.major = 7, .minor = 31, .max_write = DATA_SIZE, .max_background = 64};
      reply(head->unique, 0, &init, sizeof init);
      break;
    }
    case FUSE_LOOKUP:
      look_up(head, body);
      break;
    case FUSE_GETATTR: {
      struct fuse_attr_out out = {.attr = attributes(head->nodeid)};
      reply(head->unique, 0, &out, sizeof out);
      break;
    }
    case FUSE_OPEN: {
      struct fuse_open_out out = {.open_flags = FOPEN_KEEP_CACHE};
      reply(head->unique, 0, &out, sizeof out);
      break;
    }
    case FUSE_READ:
      read_file(head, body);
      break;
    case FUSE_POLL: {
      struct fuse_poll_out out = {.revents = 0};
      reply(head->unique, 0, &out, sizeof out);
      break;
    }
    case FUSE_FLUSH:
    case FUSE_RELEASE:
      reply(head->unique, 0, NULL, 0);
      break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      break;
    default:
      reply(head->unique, -ENOSYS, NULL, 0);
  }
}

/* Drops the pages of the file `data` from the page cache, so that access to its mapping needs the server again. */
static void forget_pages(void) {
  struct {
    struct fuse_out_header head;
    struct fuse_notify_inval_inode_out out;
  } message = {{.len = sizeof message, .error = FUSE_NOTIFY_INVAL_INODE}, {.ino = DATA, .len = -1}};
  MUST(write(fuse, &message, sizeof message));
}

/* A signal handler without effect: the signal interrupts poll(). */
static void end(int number) {
  (void)number;
}

static int run_server(const char *folder) {
  char options[128];
  struct stat status;
  int file = MUST(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  MUST(fstat(file, &status));
  program_size = status.st_size;
  program = mmap(NULL, program_size, PROT_READ, MAP_PRIVATE, file, 0);
  fuse = MUST(open("/dev/fuse", O_RDWR | O_CLOEXEC));
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
  mkdir(folder, 0755);
  MUST(mount("silent", folder, "fuse.silent", MS_NODEV, options));

  int sockets[2];
  MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
  pid_t target = MUST(fork());
  if (target == 0) {
    char path[4096];
    snprintf(path, sizeof path, "%s/program", folder);
    MUST(dup2(sockets[1], SERVER));
    MUST(dup2(open("/dev/null", O_RDONLY), STDIN_FILENO));
    execl(path, "silent_program", "--on", folder, NULL);
    MUST(-1);
  }
  close(sockets[1]);

  struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  struct pollfd files[] = {{fuse, POLLIN, 0}, {sockets[0], POLLIN, 0}, {STDIN_FILENO, 0, 0}};
  while (poll(files, 3, -1) >= 0 && !files[2].revents) {
    if (files[0].revents & POLLERR)
      break;
    if (files[0].revents & POLLIN)
      serve();
    char byte;
    if (files[1].revents && read(sockets[0], &byte, 1) == 1) {
      is_silent = true;
      forget_pages();
      MUST(write(sockets[0], "", 1));
    } else if (files[1].revents) {
      files[1].fd = -1;
    }
  }
  umount2(folder, MNT_DETACH);
  kill(-target, SIGKILL);
  kill(target, SIGKILL);
  close(fuse);
  waitpid(target, NULL, 0);
  return 0;
}

/* The program */

static char *memory;
static int file;
static struct io_uring waited_for;

static void *read_data(void *unused) {
  char byte;
  read(file, &byte, 1);
  return unused;
}

/* Waits in io_uring_enter. The call's argument structure is in the mapping of the file `data`; the kernel reads the
 * structure only when the call starts. */
static void *wait_for_completions(void *unused) {
  struct io_uring_getevents_arg *argument = (void *)(memory + 4 * PAGE);
  syscall(
      SYS_io_uring_enter, waited_for.ring_fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, argument,
      sizeof *argument);
  return unused;
}

static void *wait_for_word(void *unused) {
  syscall(SYS_futex, memory + 5 * PAGE, FUTEX_WAIT_PRIVATE, 0, NULL);
  return unused;
}

static void start(void *(*body)(void *)) {
  pthread_t thread;
  errno = pthread_create(&thread, NULL, body, NULL);
  must(errno ? -1 : 0, "pthread_create");
}

/* Waits until this many other threads sleep in a system call. */
static void await_sleepers(int count) {
  for (int sleepers = 0; sleepers < count; usleep(10000)) {
    sleepers = 0;
    for (int tid = getpid() + 1; tid < getpid() + 64; tid++) {
      char path[64], text[64] = "";
      snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
      int status = open(path, O_RDONLY);
      if (status < 0)
        continue;
      if (read(status, text, sizeof text - 1) > 0 && text[0] >= '0' && text[0] <= '9')
        sleepers++;
      close(status);
    }
  }
}

static struct io_uring_sqe *next(struct io_uring *ring, uint64_t user_data) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
  sqe->user_data = user_data;
  return sqe;
}

/* Submits requests forever. The return addresses in their user stacks are in the program's executable, which is on the
 * silent file system. */
static void submit_always(struct io_uring *ring) {
  for (;; usleep(100000)) {
    struct io_uring_cqe *cqe;
    io_uring_prep_nop(next(ring, 6));
    io_uring_submit_and_wait(ring, 1);
    if (io_uring_wait_cqe(ring, &cqe) == 0)
      io_uring_cqe_seen(ring, cqe);
  }
}

static volatile pid_t reader, mapper;

static void *read_memory(void *unused) {
  char byte;
  int own = MUST(open("/proc/self/mem", O_RDONLY));
  reader = gettid();
  pread(own, &byte, 1, (off_t)(uintptr_t)(memory + 6 * PAGE));
  return unused;
}

static bool waits_in(pid_t thread, const char *function) {
  char path[64], text[128] = "";
  snprintf(path, sizeof path, "/proc/%d/wchan", thread);
  int place = open(path, O_RDONLY);
  if (place < 0)
    return false;
  MUST(read(place, text, sizeof text - 1));
  close(place);
  return strstr(text, function);
}

static void *map(void *unused) {
  while (!waits_in(reader, "request_wait") && !waits_in(reader, "fuse"))
    usleep(10000);
  mapper = gettid();
  return mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? NULL : unused;
}

/* One thread holds the lock of the address space until the server answers, as a debugger's thread would. Another thread
 * waits to take the lock for writing. From then on, every reader of the process's list of mappings blocks. */
static void run_child(int go, int ready) {
  char byte;
  struct io_uring ring;
  /* Mapped again below, after mlockall: locked pages would stay in the cache. */
  MUST(munmap(memory, DATA_SIZE));
  MUST(mlockall(MCL_CURRENT));
  memory = mmap(NULL, DATA_SIZE, PROT_READ, MAP_PRIVATE, file, 0);
  must(io_uring_queue_init(8, &ring, 0) < 0 ? -1 : 0, "io_uring_queue_init");
  MUST(write(ready, "", 1));
  MUST(read(go, &byte, 1));
  /* Started before read_memory takes the lock, because the creation of the thread's stack needs the lock. */
  start(map);
  start(read_memory);
  while (!waits_in(mapper, "mmap"))
    usleep(10000);
  MUST(write(ready, "", 1));
  submit_always(&ring);
}

static void run_program(const char *folder) {
  char path[4096], byte, buffer[PAGE];
  int ends[2];
  snprintf(path, sizeof path, "%s/data", folder);
  setpgid(0, 0);
  /* Loads all of this program into memory before the server stops answering. */
  MUST(mlockall(MCL_CURRENT));
  file = MUST(open(path, O_RDONLY));
  int registered = MUST(open(path, O_RDONLY));
  memory = mmap(NULL, DATA_SIZE, PROT_READ, MAP_PRIVATE, file, 0);
  for (int page = 0; page < DATA_SIZE / PAGE; page++)
    (void)((volatile char *)memory)[page * PAGE];

  struct io_uring ring, busy;
  must(io_uring_queue_init(8, &busy, 0) < 0 ? -1 : 0, "io_uring_queue_init");
  must(io_uring_queue_init(64, &ring, 0) < 0 ? -1 : 0, "io_uring_queue_init");
  must(io_uring_queue_init(64, &waited_for, 0) < 0 ? -1 : 0, "io_uring_queue_init");
  must(io_uring_register_files(&ring, &registered, 1) < 0 ? -1 : 0, "io_uring_register_files");
  close(registered);
  MUST(pipe(ends));
  io_uring_prep_read(next(&waited_for, 1), ends[0], &byte, 1, 0);
  io_uring_submit(&waited_for);
  int epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
  struct epoll_event event = {.events = EPOLLIN};
  MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event));
  io_uring_prep_poll_add(next(&ring, 1), epoll, POLLIN);
  io_uring_submit(&ring);

  int go[2], ready[2];
  MUST(pipe(go));
  MUST(pipe(ready));
  pid_t child = MUST(fork());
  if (child == 0)
    run_child(go[0], ready[1]);
  MUST(read(ready[0], &byte, 1));
  start(wait_for_completions);
  start(wait_for_word);
  await_sleepers(2);
  MUST(write(SERVER, "", 1));
  MUST(read(SERVER, &byte, 1));

  struct statx found;
  /* IOSQE_ASYNC moves the requests to workers: on some kernels the submitter itself would wait for the server. */
  struct io_uring_sqe *sqe = next(&ring, 2);
  io_uring_prep_read(sqe, file, buffer, 1, 0);
  sqe->flags = IOSQE_ASYNC;
  sqe = next(&ring, 3);
  io_uring_prep_read(sqe, 0, buffer + 1, 1, 0);
  sqe->flags = IOSQE_ASYNC | IOSQE_FIXED_FILE;
  io_uring_prep_openat(next(&ring, 4), AT_FDCWD, path, O_RDONLY, 0);
  io_uring_prep_statx(next(&ring, 5), AT_FDCWD, path, 0, STATX_SIZE, &found);
  io_uring_submit(&ring);
  start(read_data);
  MUST(write(go[1], "", 1));
  await_sleepers(3);
  MUST(read(ready[0], &byte, 1));
  printf("{\"target\":%d,\"child\":%d,\"server\":%d}\n", getpid(), child, getppid());
  fflush(stdout);
  submit_always(&busy);
}

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "--on") == 0)
    run_program(arguments[2]);
  if (count != 2) {
    fprintf(stderr, "usage: silent_fuse FOLDER\n");
    return 64;
  }
  return run_server(arguments[1]);
}
