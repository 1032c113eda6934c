// A FUSE server over io_uring: its queues, the commands that fetch requests, and the answers.
#pragma once
#include "../program.h"
#include <linux/fuse.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

enum { FETCHES = 4, MOST_QUEUES = 256, PAYLOAD = 1 << 16, COMMAND = 48 };
enum { SIZE = 8192, FILE_SIZE = 1 << 17, BEYOND = 1 << 18 };
enum { ROOT = 1, DIRECT, CACHED }; // FUSE node ids

// MARK: - Definitions that Debian 12's headers lack

enum { REGISTER = 1, COMMIT_AND_FETCH, ADD_QUEUE, ADD_BUFPOOL };
enum { OVER_IO_URING = 1 << 9, HAS_BUFPOOL = 1 << 11 }; // in fuse_init_in.flags2
enum { LENT = 1 << 0, QUEUE_ZERO_COPY = 1 << 0, OPEN_ZERO_COPY = 1 << 8 };

struct command {
  uint64_t flags, commit_id;
  uint16_t queue, padding[3];
  union {
    struct {
      uint64_t address;
      uint32_t length, reserved;
    } pool;
    uint16_t slot;
  };
};

struct headers {
  union {
    struct fuse_in_header in;
    struct fuse_out_header out;
    char both[128];
  };
  union {
    struct fuse_read_in read;
    struct fuse_write_in write;
    char any[128];
  } operation;
  struct {
    uint64_t flags, commit_id;
    uint32_t payload_size, offset;
    uint64_t reserved;
  } entry;
};

// MARK: - The server

// A queue entry, which holds one FUSE request at a time.
struct entry {
  struct ring *ring;
  struct headers *headers;
  char *pool;
  unsigned queue, slot;
  uint64_t fetch; // the command that waits for a request, or has delivered one
  bool is_served;
};

static struct ring *ring, *other;
static int fuse_fd, file;
static char directory[] = "/tmp/uringtop-fuse-XXXXXX";
static bool is_mounted;
static struct entry entries[MOST_QUEUES + FETCHES];
static unsigned nr_entries;

static struct command *command(struct ring *to, unsigned number, unsigned queue, uint64_t *user_data) {
  struct io_uring_sqe *command = sqe(to);
  command->opcode = IORING_OP_URING_CMD;
  command->fd = fuse_fd;
  command->off = number;
  *user_data = command->user_data;
  struct command *payload = (void *)((char *)command + COMMAND);
  payload->queue = (uint16_t)queue;
  return payload;
}

static void run_command(void) {
  uint64_t last = truth->next_user_data - 1;
  submit(ring);
  reap_done(ring, last);
  check(!request(last)->res, "a command of the server failed: %s", strerror(-request(last)->res));
}

static void add_queue(unsigned queue, unsigned fetches) {
  uint64_t ignored;
  size_t pool_size = fetches * PAYLOAD;
  char *pool = map_memory(pool_size);
  command(ring, ADD_QUEUE, queue, &ignored)->flags = QUEUE_ZERO_COPY;
  run_command();
  struct command *add = command(ring, ADD_BUFPOOL, queue, &ignored);
  add->pool.address = (uintptr_t)pool;
  add->pool.length = (uint32_t)pool_size;
  run_command();
  struct iovec headers[FETCHES][2] = {0};
  for (unsigned i = 0; i < fetches; i++) {
    struct entry *entry = &entries[nr_entries];
    *entry = (struct entry){
        .ring = ring, .headers = map_memory(4096), .pool = pool, .queue = queue, .slot = nr_entries++};
    headers[i][0] = (struct iovec){entry->headers, sizeof *entry->headers};
    struct command *fetch = command(ring, REGISTER, queue, &entry->fetch);
    fetch->slot = (uint16_t)entry->slot;
    struct io_uring_sqe *sqe = (void *)((char *)fetch - COMMAND);
    sqe->addr = (uintptr_t)headers[i];
    sqe->len = 2;
  }
  submit(ring);
}

static unsigned count_processors(void) {
  unsigned last = 0;
  FILE *list = fopen("/sys/devices/system/cpu/possible", "r");
  check(list && fscanf(list, "0-%u", &last) >= 0, "cannot read the list of processors");
  fclose(list);
  return last + 1;
}

static void start_clients(void);

static void clean_up(void) {
  if (is_mounted)
    umount2(directory, MNT_FORCE | MNT_DETACH);
  rmdir(directory);
}

static void give_up(int signal) {
  clean_up();
  on_alarm(signal);
}

static void begin_serving(void) {
  if (access("/dev/fuse", R_OK | W_OK))
    skip("no /dev/fuse: %s", strerror(errno));
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
    skip("no mounts of its own: %s", strerror(errno));
  start_clients();
  atexit(clean_up);
  signal(SIGALRM, give_up);
  fuse_fd = must(open("/dev/fuse", O_RDWR | O_CLOEXEC));
  char options[64];
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse_fd);
  must(mount("uringtop-test", directory, "fuse", MS_NOSUID | MS_NODEV, options));
  is_mounted = true;
  struct {
    struct fuse_in_header header;
    struct fuse_init_in init;
    char more[FUSE_MIN_READ_BUFFER];
  } in;
  must(read(fuse_fd, &in, sizeof in));
  check(in.header.opcode == FUSE_INIT, "the first request is %u", in.header.opcode);
  if (!(in.init.flags & FUSE_INIT_EXT) || !(in.init.flags2 & OVER_IO_URING) ||
      !(in.init.flags2 & HAS_BUFPOOL))
    skip("this kernel has no FUSE over io_uring with zero copy, or fuse.enable_uring is off");
  struct {
    struct fuse_out_header header;
    struct fuse_init_out init;
  } out = {
      .header = {.len = sizeof out, .unique = in.header.unique},
      .init =
          {.major = FUSE_KERNEL_VERSION,
           .minor = in.init.minor,
           .max_readahead = SIZE,
           .max_write = PAYLOAD,
           .flags = FUSE_INIT_EXT | FUSE_MAX_PAGES | FUSE_BIG_WRITES,
           .flags2 = OVER_IO_URING,
           .max_pages = PAYLOAD / 4096},
  };
  must(write(fuse_fd, &out, sizeof out));

  // The CQs are large enough for all commands, because all commands complete together when the file system is
  // unmounted.
  struct io_uring_params parameters = {
      .flags = IORING_SETUP_SQE128 | IORING_SETUP_CQSIZE, .cq_entries = 1024};
  ring = open_ring_with(16, parameters);
  other = open_ring_with(16, parameters);
  unsigned processors = count_processors();
  if (processors > MOST_QUEUES)
    skip("more than %d processors", MOST_QUEUES);
  must_uring(io_uring_register_buffers_sparse(&ring->uring, processors + FETCHES));
  must_uring(io_uring_register_buffers_sparse(&other->uring, processors + FETCHES));
  // The kernel requires a queue for each processor. It passes each request to the queue of the processor on which the
  // client made the request.
  for (unsigned i = 0; i < processors; i++)
    add_queue(i, i ? 1 : FETCHES);
}

// Queues, on the ring `to`, the command that answers an entry's request. The answer's `size` bytes of data are already
// in the entry's payload or in the request's pages.
static uint64_t commit_on(struct ring *to, struct entry *entry, int error, size_t size) {
  struct headers *headers = entry->headers;
  uint64_t commit_id = headers->entry.commit_id;
  headers->out = (struct fuse_out_header){
      .len = (uint32_t)(sizeof headers->out + size), .error = -error, .unique = commit_id};
  headers->entry.payload_size = (uint32_t)size;
  entry->ring = to;
  entry->is_served = false;
  command(to, COMMIT_AND_FETCH, entry->queue, &entry->fetch)->commit_id = commit_id;
  return entry->fetch;
}

static void commit(struct entry *entry, int error, size_t size) {
  commit_on(entry->ring, entry, error, size);
  submit(entry->ring);
}

static void *payload(struct entry *entry) {
  return entry->pool + entry->headers->entry.offset;
}

static struct fuse_attr attributes(uint64_t node) {
  uint32_t mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0600;
  return (struct fuse_attr){
      .ino = node,
      .size = BEYOND,
      .blocks = BEYOND / 512,
      .nlink = 1,
      .blksize = 4096,
      .mode = mode,
  };
}

// Answers a request with which the kernel has lent no pages.
static void answer(struct entry *entry) {
  uint64_t node = entry->headers->in.nodeid;
  void *to = payload(entry);
  switch (entry->headers->in.opcode) {
    case FUSE_LOOKUP:
      node = !strcmp(to, "direct") ? DIRECT : !strcmp(to, "cached") ? CACHED : 0;
      if (!node) {
        commit(entry, ENOENT, 0);
        return;
      }
      *(struct fuse_entry_out *)to = (struct fuse_entry_out){
          .nodeid = node, .entry_valid = 60, .attr_valid = 60, .attr = attributes(node)};
      commit(entry, 0, sizeof(struct fuse_entry_out));
      return;
    case FUSE_GETATTR:
      *(struct fuse_attr_out *)to = (struct fuse_attr_out){.attr_valid = 60, .attr = attributes(node)};
      commit(entry, 0, sizeof(struct fuse_attr_out));
      return;
    case FUSE_OPEN:
      *(struct fuse_open_out *)to =
          (struct fuse_open_out){.open_flags = OPEN_ZERO_COPY | (node == DIRECT ? FOPEN_DIRECT_IO : 0)};
      commit(entry, 0, sizeof(struct fuse_open_out));
      return;
    case FUSE_RELEASE:
      commit(entry, 0, 0);
      return;
    default:
      commit(entry, ENOSYS, 0);
  }
}

static bool is_read(struct entry *entry) {
  return entry->headers->in.opcode == FUSE_READ;
}

// The length of a read or write. Correct for FUSE_WRITE too, because fuse_read_in and fuse_write_in begin with the same
// fields.
static unsigned length(struct entry *entry) {
  return entry->headers->operation.read.size;
}
static uint64_t position(struct entry *entry) {
  return entry->headers->operation.read.offset;
}

// Waits briefly for CQEs of both rings.
static void pump(void) {
  for (struct ring *from = ring; from; from = from == ring ? other : NULL) {
    struct __kernel_timespec moment = {.tv_nsec = 500000};
    struct io_uring_cqe *cqe;
    if (!io_uring_wait_cqe_timeout(&from->uring, &cqe, &moment))
      reap(from, 1);
  }
}

// Returns an entry that has a request with lent pages, or NULL. Answers all other requests.
static struct entry *take(void) {
  for (unsigned i = 0; i < nr_entries; i++) {
    struct entry *entry = &entries[i];
    struct request *fetch = request(entry->fetch);
    if (entry->is_served || fetch->end == IN_FLIGHT || fetch->res)
      continue;
    entry->is_served = true;
    if (entry->headers->entry.flags & LENT)
      return entry;
    answer(entry);
  }
  return NULL;
}

static struct entry *await_entry(void) {
  struct entry *entry;
  while (!(entry = take()))
    pump();
  return entry;
}

static void await_end(uint64_t user_data) {
  while (request(user_data)->end == IN_FLIGHT)
    pump();
}
