// A FUSE server over io_uring with zero copy (7.3): the command that brings a request lends the request's pages as a
// registered buffer, until it is committed. Needs root. The numbers are those of include/uapi/linux/fuse.h.
#include "program.h"
#include <linux/fuse.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

enum { FETCHES = 4, MOST_QUEUES = 256, PAYLOAD = 1 << 16, COMMAND = 48 };
enum { SIZE = 8192, FILE_SIZE = 1 << 17, BEYOND = 1 << 18 };
enum { ROOT = 1, DIRECT, CACHED }; // nodes

// MARK: - What Debian 12's headers lack

enum { REGISTER = 1, COMMIT_AND_FETCH, ADD_QUEUE, ADD_BUFPOOL };
enum { OVER_IO_URING = 1 << 9, HAS_BUFPOOL = 1 << 11 }; // of fuse_init_in.flags2
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

// One request at a time: what the kernel calls an entry of a queue.
struct entry {
  struct ring *ring;
  struct headers *headers;
  char *pool;
  unsigned queue, slot;
  uint64_t fetch; // the command that waits for a request, or has brought it
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
  check(list && fscanf(list, "0-%u", &last) >= 0, "which processors there are is not known");
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

  // Both can be full of commands that all complete when the mount ends.
  struct io_uring_params parameters = {
      .flags = IORING_SETUP_SQE128 | IORING_SETUP_CQSIZE, .cq_entries = 1024};
  ring = open_ring_with(16, parameters);
  other = open_ring_with(16, parameters);
  unsigned processors = count_processors();
  if (processors > MOST_QUEUES)
    skip("more than %d processors", MOST_QUEUES);
  must_uring(io_uring_register_buffers_sparse(&ring->uring, processors + FETCHES));
  must_uring(io_uring_register_buffers_sparse(&other->uring, processors + FETCHES));
  // The kernel wants a queue for each, and gives a request to that of its caller's processor.
  for (unsigned i = 0; i < processors; i++)
    add_queue(i, i ? 1 : FETCHES);
}

// Prepares the answer: `size` bytes are in the entry's payload, or where the request's pages are.
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

// Requests without data.
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

// fuse_read_in and fuse_write_in begin alike.
static unsigned length(struct entry *entry) {
  return entry->headers->operation.read.size;
}
static uint64_t position(struct entry *entry) {
  return entry->headers->operation.read.offset;
}

// Waits a moment for CQEs of both rings.
static void pump(void) {
  for (struct ring *from = ring; from; from = from == ring ? other : NULL) {
    struct __kernel_timespec moment = {.tv_nsec = 500000};
    struct io_uring_cqe *cqe;
    if (!io_uring_wait_cqe_timeout(&from->uring, &cqe, &moment))
      reap(from, 1);
  }
}

// An entry that has brought a request with lent pages. Answers the others; NULL if there is none now.
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

// MARK: - What was lent

static char lent[MAX_EXTRA];
static unsigned nr_lent;

static __attribute__((format(printf, 1, 2))) void tell(const char *format, ...) {
  size_t used = strlen(lent);
  va_list arguments;
  va_start(arguments, format);
  check(
      used + (size_t)vsnprintf(lent + used, sizeof lent - used, format, arguments) < sizeof lent,
      "too much to tell");
  va_end(arguments);
}

// Before the answer: that overwrites the request. `conditions`: what is wrong with it, in JSON.
static void note_lent(struct entry *entry, const char *conditions, unsigned members, const uint64_t *member) {
  tell(
      "%s{\"leader\":\"0x%" PRIx64
      "\",\"length\":%u,\"direction\":\"%s\",\"slot\":%u,\"queue\":%u,\"operation\":\"%s\","
      "\"unique\":\"0x%" PRIx64 "\",\"node\":%" PRIu64 ",\"offset\":%" PRIu64
      ",\"conditions\":[%s],\"members\":[",
      nr_lent++ ? "," : "", entry->fetch, length(entry), is_read(entry) ? "destination" : "source",
      entry->slot, entry->queue, is_read(entry) ? "read" : "write", entry->headers->in.unique,
      entry->headers->in.nodeid, position(entry), conditions);
  for (unsigned i = 0; i < members; i++)
    tell("%s\"0x%" PRIx64 "\"", i ? "," : "", member[i]);
  tell("]}");
}
#define NOTE_LENT(entry, conditions, ...) \
  note_lent(entry, conditions, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__})

static void say_lent(void) {
  truth->extra[0] = 0;
  say("\"fuse_requests\":[%s]", lent);
}

static struct io_uring_sqe *member_of(
    struct entry *entry, int opcode, int fd, unsigned offset, unsigned size) {
  struct io_uring_sqe *member = sqe(entry->ring);
  member->opcode = (__u8)opcode;
  member->fd = fd;
  member->addr = offset; // in the lent pages
  member->len = size;
  member->off = fd == file ? position(entry) + offset : 0;
  member->buf_index = (__u16)entry->slot;
  return member;
}

static uint64_t member(struct entry *entry, unsigned offset, unsigned size) {
  int opcode = is_read(entry) ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED;
  return member_of(entry, opcode, file, offset, size)->user_data;
}

// The answer to a request whose pages have been filled or read.
static size_t done_size(struct entry *entry, unsigned size) {
  if (is_read(entry))
    return size;
  *(struct fuse_write_out *)payload(entry) = (struct fuse_write_out){.size = size};
  return sizeof(struct fuse_write_out);
}

static void serve(struct entry *entry) {
  unsigned size = length(entry);
  uint64_t only = member(entry, 0, size);
  submit(entry->ring);
  await_end(only);
  expect(only, (int)size);
  NOTE_LENT(entry, "", only);
  commit(entry, 0, done_size(entry, size));
}

// MARK: - What others do with the files

// A process of its own: the end of a server that has its own files open would wait for its own answers.
enum task { TRANSFER, OPEN, CLOSE, LEAVE };

struct io {
  enum task task;
  bool is_cached, writes;
  off_t offset;
  char *data; // shared
  ssize_t done;
  _Atomic bool is_asked;
};

enum { CLIENTS = 3 };
static struct io *ios; // shared
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

// Before there are rings, so that nobody else has them.
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

// Serves until what was asked for is done.
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

// MARK: - Cases

static void one_by_one(struct io *io) {
  for (int i = 0; i < 2; i++) {
    off_t offset = i * 4 * SIZE;
    begin_io(io, i, false, offset);
    end_io(io, SIZE);
    check_data(io->data, 'u', SIZE);
    begin_io(io, i, true, offset);
    end_io(io, SIZE);
    char written[SIZE];
    must(pread(file, written, SIZE, offset));
    check_data(written, 'w', SIZE);
  }
}

// Three at a time, with members among one another.
static void at_once(struct io *io) {
  struct entry *entry[3];
  uint64_t first[3], second[3];
  for (int i = 0; i < 3; i++)
    begin_io(&io[i], false, i == 1, (8 + i) * SIZE);
  for (int i = 0; i < 3; i++)
    entry[i] = await_entry();
  for (int i = 0; i < 3; i++)
    first[i] = member(entry[i], 0, SIZE / 2);
  for (int i = 0; i < 3; i++)
    second[i] = member(entry[i], SIZE / 2, SIZE / 2);
  submit(ring);
  for (int i = 2; i >= 0; i--) {
    await_end(first[i]);
    await_end(second[i]);
    expect(first[i], SIZE / 2);
    expect(second[i], SIZE / 2);
    NOTE_LENT(entry[i], "", first[i], second[i]);
    commit(entry[i], 0, done_size(entry[i], SIZE));
  }
  for (int i = 0; i < 3; i++)
    end_io(&io[i], SIZE);
  check_data(io[0].data, 'u', SIZE);
  check_data(io[2].data, 'u', SIZE);
}

// The answer is linked behind the member.
static void linked(struct io *io) {
  begin_io(io, false, false, 0);
  struct entry *entry = await_entry();
  struct io_uring_sqe *read = member_of(entry, IORING_OP_READ_FIXED, file, 0, SIZE);
  uint64_t only = read->user_data;
  read->flags = IOSQE_IO_LINK;
  NOTE_LENT(entry, "", only);
  commit(entry, 0, SIZE);
  end_io(io, SIZE);
  await_end(only);
  expect(only, SIZE);
  check_data(io->data, 'w', SIZE);
}

static void incomplete(struct io *io) {
  // The backing file ends here.
  begin_io(io, false, false, FILE_SIZE - SIZE / 2);
  struct entry *entry = await_entry();
  uint64_t only = member(entry, 0, SIZE);
  submit(ring);
  await_end(only);
  expect(only, SIZE / 2);
  NOTE_LENT(entry, "\"short_member\",\"partly_filled\"", only);
  commit(entry, 0, SIZE / 2);
  end_io(io, SIZE / 2);
  check_data(io->data, 'u', SIZE / 2);

  // Nobody uses the pages.
  begin_io(io, false, false, 0);
  entry = await_entry();
  NOTE_LENT(entry, "\"unused\"");
  commit(entry, EIO, 0);
  end_io(io, -EIO);
  begin_io(io, false, true, 0);
  entry = await_entry();
  NOTE_LENT(entry, "\"unused\"");
  commit(entry, 0, done_size(entry, SIZE));
  end_io(io, SIZE);
}

static void wrong_members(struct io *io) {
  begin_io(io, false, false, 0);
  struct entry *entry = await_entry();
  uint64_t opposite = member_of(entry, IORING_OP_WRITE_FIXED, file, 0, SIZE)->user_data,
           inside = member(entry, 0, SIZE);
  submit(ring);
  await_end(inside);
  await_end(opposite);
  expect(opposite, -EFAULT);
  expect(inside, SIZE);
  NOTE_LENT(entry, "\"wrong_direction\",\"member_failed\"", opposite, inside);
  commit(entry, 0, SIZE);
  end_io(io, SIZE);

  begin_io(io, false, false, 0);
  entry = await_entry();
  uint64_t outside = member(entry, SIZE / 2, SIZE);
  inside = member(entry, 0, SIZE);
  submit(ring);
  await_end(inside);
  await_end(outside);
  expect(outside, -EFAULT);
  expect(inside, SIZE);
  NOTE_LENT(entry, "\"out_of_range\",\"member_failed\"", outside, inside);
  commit(entry, 0, SIZE);
  end_io(io, SIZE);
}

// A request ends with its answer, though a member still has its pages (fuse_uring_req_end in 7.3's dev_uring.c).
static void outliving(struct io *io) {
  int ends[2];
  make_pipe(ends);
  begin_io(&io[0], false, false, 0);
  struct entry *entry = await_entry();
  uint64_t late = member_of(entry, IORING_OP_READ_FIXED, ends[0], 0, SIZE)->user_data;
  submit(ring);
  NOTE_LENT(entry, "\"answered_early\"", late);
  commit(entry, 0, SIZE);
  end_io(&io[0], SIZE);
  check(request(late)->end == IN_FLIGHT, "the member did not outlive its request");
  check_data(io[0].data, 0, SIZE);
  // Meanwhile its slot has other pages.
  begin_io(&io[1], false, false, SIZE);
  struct entry *next = await_entry();
  check(next == entry, "the request came to another slot");
  serve(next);
  end_io(&io[1], SIZE);
  say_lent();
  hold();
  char data[SIZE];
  memset(data, 'p', SIZE);
  must(write(ends[1], data, SIZE));
  await_end(late);
  expect(late, SIZE);
  check_data(io[0].data, 'p', SIZE); // after its pread() returned
}

// An answer through another ring leaves the pages in the slot of the first.
static void elsewhere(struct io *io) {
  begin_io(io, false, false, 0);
  struct entry *entry = await_entry();
  uint64_t only = member(entry, 0, SIZE);
  submit(ring);
  await_end(only);
  expect(only, SIZE);
  NOTE_LENT(entry, "\"committed_elsewhere\"", only);
  commit_on(other, entry, 0, SIZE);
  submit(other);
  end_io(io, SIZE);
  begin_io(io, false, false, 0);
  struct entry *next = await_entry();
  check(next == entry, "the request came to another slot");
  serve(next);
  end_io(io, SIZE);
  struct iovec nothing = {0};
  __u64 no_tag = 0;
  must_uring(io_uring_register_buffers_update_tag(&ring->uring, entry->slot, &nothing, &no_tag, 1));
}

int main(int argc, char **argv) {
  begin("fuse_zero_copy", &argc, argv);
  file = temporary_file(FILE_SIZE);
  begin_serving();

  ask(&ios[0], OPEN);
  end_task(&ios[0]);
  one_by_one(&ios[0]);
  at_once(ios);
  linked(&ios[0]);
  incomplete(&ios[0]);
  wrong_members(&ios[0]);
  outliving(ios);
  elsewhere(&ios[0]);

  ask(&ios[0], CLOSE);
  end_task(&ios[0]);
  is_mounted = false;
  ask(&ios[0], LEAVE);
  for (unsigned i = 0; i < nr_entries; i++) {
    await_end(entries[i].fetch);
    expect(entries[i].fetch, -ENOTCONN);
  }
  say_lent();
  return finish();
}
