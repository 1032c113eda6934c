// The client process, whose threads open, read and write the files of the FUSE server.
#pragma once
#include "server.h"

// The client threads are not in the server's process. If the server had files of its own file system open, it would
// wait for its own answers at exit.
enum task { TRANSFER, OPEN, CLOSE, LEAVE };

struct io {
  enum task task;
  bool is_cached, writes;
  off_t offset;
  char *data; // shared by server and clients
  ssize_t done;
  _Atomic bool is_asked;
};

enum { CLIENTS = 3 };
static struct io *ios; // shared by server and clients
static int files[2];

static int open_file(const char *name) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return must(open(path, O_RDWR | O_CLOEXEC));
}

static void run(struct io *io) {
  int fd = files[io->is_cached];
  switch (io->task) {
    case TRANSFER:
      io->done = io->writes ? pwrite(fd, io->data, SIZE, io->offset) : pread(fd, io->data, SIZE, io->offset);
      if (io->done < 0)
        io->done = -errno;
      return;
    case OPEN:
      files[0] = open_file("direct");
      files[1] = open_file("cached");
      return;
    case CLOSE:
      close(files[0]);
      close(files[1]);
      must(umount2(directory, 0));
      return;
    case LEAVE:
      _exit(0);
  }
}

static void *do_ios(void *pointer) {
  struct io *io = pointer;
  for (;; sleep_ms(1))
    if (io->is_asked) {
      run(io);
      io->is_asked = false;
    }
  return NULL;
}

// Starts the client process. Runs before the program creates rings, so that the client process does not inherit them.
static void start_clients(void) {
  check(mkdtemp(directory), "no directory: %s", strerror(errno));
  ios = mmap(NULL, 4096 + CLIENTS * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(ios != MAP_FAILED, "no memory");
  for (int i = 0; i < CLIENTS; i++)
    ios[i].data = (char *)ios + 4096 + i * SIZE;
  pid_t parent = getpid();
  if (must(fork()))
    return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  must(sched_setaffinity(0, sizeof first, &first));
  pthread_t thread;
  for (int i = 1; i < CLIENTS; i++)
    check(!pthread_create(&thread, NULL, do_ios, &ios[i]), "no thread");
  if (getppid() == parent)
    do_ios(&ios[0]);
  _exit(0);
}

static void ask(struct io *io, enum task task) {
  io->task = task;
  io->is_asked = true;
}

static void begin_io(struct io *io, bool is_cached, bool writes, off_t offset) {
  memset(io->data, writes ? 'w' : 0, SIZE);
  io->is_cached = is_cached;
  io->writes = writes;
  io->offset = offset;
  ask(io, TRANSFER);
}

// Serves FUSE requests until the client's task is done.
static void end_task(struct io *io) {
  while (io->is_asked) {
    struct entry *entry = take();
    if (entry)
      serve(entry);
    pump();
  }
}

static void end_io(struct io *io, ssize_t done) {
  end_task(io);
  check(io->done == done, "the I/O ended with %zd, not %zd", io->done, done);
}

static void check_data(const char *data, char byte, size_t size) {
  for (size_t i = 0; i < size; i++)
    check(data[i] == byte, "byte %zu is %d, not '%c'", i, data[i], byte);
}
