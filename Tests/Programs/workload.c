// workload [--rate N] [--seconds N] [--depth N]: a varied load for demonstrations, until N seconds have passed or
// SIGTERM, SIGINT or SIGHUP arrives. The rate is the approximate number of operations per second on all three rings
// together (default 600). Its three threads are:
//
// - wl-disk: random reads and writes of a temporary file, with O_DIRECT if the file system supports it, through
//   registered buffers and a registered file.
// - wl-files: buffered work on files: open, write, fsync, read, statx, close; sometimes a chain,
//   sometimes a chain that breaks; and failing requests.
// - wl-net: echoes over socket pairs (receives wait armed with poll, buffers provided by a buffer ring), timeouts,
//   link timeouts that expire, and a poll that never becomes ready.
#include "program.h"

enum kind { TICK, PLAIN, FAILS, OPENED, CLOSED, SERVER, CLIENT, REPLY, PARKED, DISK };
enum {
  TICK_MS = 20,
  PAIRS = 4,
  BLOCK = 4096,
  FILE_BLOCKS = 2048,
  MAX_DEPTH = 64,
  NET_BUFFERS = 16,
  NET_SIZE = 256
};

struct worker {
  const char *name;
  void (*start)(struct worker *);
  void (*tick)(struct worker *);
  void (*completed)(struct worker *, enum kind, unsigned slot, int res, unsigned flags);
  struct io_uring uring;
  int index;
  unsigned rate, due, sequence;
  uint64_t submitted, completions, cqes, unexpected, expected_errors, seed;
  pthread_t thread;
  bool stopping;
  char error[128];
};

static unsigned depth = 8;

static unsigned randomly(struct worker *w, unsigned below) {
  w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(w->seed >> 33) % below;
}

// Returns the next SQE. Its user_data is unique: kind, worker, slot and a sequence number.
static struct io_uring_sqe *next(struct worker *w, enum kind kind, unsigned slot) {
  struct io_uring_sqe *one = io_uring_get_sqe(&w->uring);
  while (!one) {
    must_uring(io_uring_submit(&w->uring));
    one = io_uring_get_sqe(&w->uring);
  }
  memset(one, 0, sizeof *one);
  one->user_data = (uint64_t)kind << 56 | (uint64_t)w->index << 48 | (uint64_t)slot << 32 | ++w->sequence;
  w->submitted++;
  return one;
}

// Makes room for `count` SQEs in one submission, so that a chain is not split.
static void make_room(struct worker *w, unsigned count) {
  if (io_uring_sq_space_left(&w->uring) < count)
    must_uring(io_uring_submit(&w->uring));
}

// MARK: - wl-disk

static struct {
  int file;
  char *buffers;
  bool busy[MAX_DEPTH];
} disk;

static void disk_start(struct worker *w) {
  disk.file = temporary_file((size_t)FILE_BLOCKS * BLOCK);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", disk.file);
  int direct = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
  if (direct >= 0) {
    close(disk.file);
    disk.file = direct;
  }
  disk.buffers = aligned_alloc(BLOCK, (size_t)MAX_DEPTH * 8 * BLOCK);
  check(disk.buffers, "no memory");
  struct iovec vectors[MAX_DEPTH];
  for (unsigned i = 0; i < depth; i++)
    vectors[i] = (struct iovec){disk.buffers + (size_t)i * 8 * BLOCK, 8 * BLOCK};
  must_uring(io_uring_register_buffers(&w->uring, vectors, depth));
  must_uring(io_uring_register_files(&w->uring, &disk.file, 1));
}

static void disk_tick(struct worker *w) {
  for (unsigned slot = 0; slot < depth && w->due; slot++) {
    if (disk.busy[slot])
      continue;
    disk.busy[slot] = true;
    w->due--;
    unsigned blocks = 1u << randomly(w, 4); // 4 to 32 KiB
    __u64 offset = (__u64)randomly(w, FILE_BLOCKS - blocks) * BLOCK;
    char *buffer = disk.buffers + (size_t)slot * 8 * BLOCK;
    struct io_uring_sqe *one = next(w, DISK, slot);
    unsigned what = randomly(w, 100);
    if (what < 60)
      io_uring_prep_read_fixed(one, 0, buffer, blocks * BLOCK, offset, (int)slot);
    else if (what < 80)
      io_uring_prep_read(one, 0, buffer, blocks * BLOCK, offset);
    else if (what < 98)
      io_uring_prep_write_fixed(one, 0, buffer, blocks * BLOCK, offset, (int)slot);
    else
      io_uring_prep_fsync(one, 0, IORING_FSYNC_DATASYNC);
    one->flags = IOSQE_FIXED_FILE;
  }
}

static void disk_completed(struct worker *w, enum kind kind, unsigned slot, int res, unsigned flags) {
  (void)flags;
  if (kind == DISK)
    disk.busy[slot] = false;
  if (res < 0 && !w->stopping)
    w->unexpected++;
}

// MARK: - wl-files

static struct {
  int file;
  const char *names[4];
  unsigned name_count;
  char buffer[BLOCK];
  struct statx status;
} files;

static void files_start(struct worker *w) {
  (void)w;
  files.file = temporary_file(4 * BLOCK);
  static const char *const names[] = {"/etc/passwd", "/etc/hosts", "/usr/bin/env", "/dev/null"};
  for (int i = 0; i < 4; i++)
    if (!access(names[i], R_OK))
      files.names[files.name_count++] = names[i];
  check(files.name_count, "no file to open");
}

static void chain(struct worker *w, bool broken) {
  make_room(w, 4);
  struct io_uring_sqe *one = next(w, PLAIN, 0);
  io_uring_prep_write(one, files.file, files.buffer, sizeof files.buffer, 0);
  one->flags = IOSQE_IO_LINK;
  one = next(w, PLAIN, 0);
  io_uring_prep_fsync(one, files.file, IORING_FSYNC_DATASYNC);
  one->flags = IOSQE_IO_LINK;
  one = next(w, PLAIN, 0);
  // A read past the end is short, and breaks the chain.
  io_uring_prep_read(one, files.file, files.buffer, sizeof files.buffer, broken ? 4 * BLOCK : 0);
  one->flags = IOSQE_IO_LINK;
  io_uring_prep_statx(
      next(w, broken ? FAILS : PLAIN, 0), files.file, "", AT_EMPTY_PATH, STATX_SIZE, &files.status);
}

static void files_tick(struct worker *w) {
  while (w->due) {
    unsigned what = randomly(w, 100);
    w->due--;
    if (what < 35) {
      io_uring_prep_read(next(w, PLAIN, 0), files.file, files.buffer, BLOCK, (__u64)randomly(w, 4) * BLOCK);
    } else if (what < 60) {
      io_uring_prep_write(next(w, PLAIN, 0), files.file, files.buffer, BLOCK, (__u64)randomly(w, 4) * BLOCK);
    } else if (what < 75) {
      io_uring_prep_openat(
          next(w, OPENED, 0), AT_FDCWD, files.names[randomly(w, files.name_count)], O_RDONLY | O_CLOEXEC, 0);
    } else if (what < 85) {
      io_uring_prep_statx(next(w, PLAIN, 0), AT_FDCWD, "/", 0, STATX_SIZE, &files.status);
    } else if (what < 92) {
      chain(w, false);
      w->due -= w->due < 3 ? w->due : 3;
    } else if (what < 94) {
      chain(w, true);
      w->due -= w->due < 3 ? w->due : 3;
    } else if (what < 96) {
      io_uring_prep_openat(next(w, FAILS, 0), AT_FDCWD, "/no/such/file", O_RDONLY, 0);
    } else if (what < 97) {
      io_uring_prep_read(next(w, FAILS, 0), 9999, files.buffer, BLOCK, 0);
    } else if (what < 98) {
      struct io_uring_sqe *bad = next(w, FAILS, 0);
      io_uring_prep_close(bad, 9999);
      bad->off = 1; // refused in preparation
    } else {
      struct io_uring_sqe *read = next(w, PLAIN, 0);
      io_uring_prep_read(read, files.file, files.buffer, BLOCK, 0);
      read->flags = IOSQE_ASYNC;
    }
  }
}

static void files_completed(struct worker *w, enum kind kind, unsigned slot, int res, unsigned flags) {
  (void)slot, (void)flags;
  if (kind == OPENED && res >= 0)
    io_uring_prep_close(next(w, CLOSED, 0), res);
  if (res >= 0 || w->stopping)
    return;
  if (kind == FAILS)
    w->expected_errors++;
  else
    w->unexpected++;
}

// MARK: - wl-net

static struct {
  int pairs[PAIRS][2], idle[2];
  struct io_uring_buf_ring *ring;
  char *buffers;
  char requests[PAIRS][NET_SIZE], replies[PAIRS][NET_SIZE], reply[PAIRS][NET_SIZE];
  bool busy[PAIRS];
} net;

static void provide(unsigned id) {
  io_uring_buf_ring_add(
      net.ring, net.buffers + id * NET_SIZE, NET_SIZE, (unsigned short)id,
      io_uring_buf_ring_mask(NET_BUFFERS), 0);
  io_uring_buf_ring_advance(net.ring, 1);
}

static void serve(struct worker *w, unsigned pair) {
  struct io_uring_sqe *recv = next(w, SERVER, pair);
  io_uring_prep_recv_multishot(recv, net.pairs[pair][1], NULL, 0, 0);
  recv->flags = IOSQE_BUFFER_SELECT;
  recv->buf_group = 1;
}

static void net_start(struct worker *w) {
  net.ring = map_memory(4096 + NET_BUFFERS * NET_SIZE);
  net.buffers = (char *)net.ring + 4096;
  struct io_uring_buf_reg registration = {
      .ring_addr = (uintptr_t)net.ring, .ring_entries = NET_BUFFERS, .bgid = 1};
  must_uring(io_uring_register_buf_ring(&w->uring, &registration, 0));
  for (unsigned i = 0; i < NET_BUFFERS; i++)
    provide(i);
  make_pipe(net.idle);
  io_uring_prep_poll_add(next(w, PARKED, 0), net.idle[0], POLLIN);
  for (unsigned i = 0; i < PAIRS; i++) {
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, net.pairs[i]));
    serve(w, i);
  }
}

static void net_tick(struct worker *w) {
  static struct __kernel_timespec short_while = {.tv_nsec = 300 * 1000000}, nap = {.tv_nsec = 150 * 1000000};
  static unsigned ticks;
  // An echo consists of a send, a reply, and a receive at each end.
  for (unsigned pair = 0; pair < PAIRS && w->due; pair++) {
    if (net.busy[pair])
      continue;
    net.busy[pair] = true;
    w->due -= w->due < 4 ? w->due : 4;
    io_uring_prep_recv(next(w, CLIENT, pair), net.pairs[pair][0], net.replies[pair], NET_SIZE, 0);
    io_uring_prep_send(
        next(w, PLAIN, pair), net.pairs[pair][0], net.requests[pair], 16 + randomly(w, 200), MSG_NOSIGNAL);
  }
  if (++ticks % 25 == 0) { // twice a second, a poll that its link timeout cancels
    make_room(w, 2);
    struct io_uring_sqe *poll = next(w, FAILS, 0);
    io_uring_prep_poll_add(poll, net.idle[0], POLLIN);
    poll->flags = IOSQE_IO_LINK;
    io_uring_prep_link_timeout(next(w, FAILS, 0), &short_while, 0);
  }
  if (ticks % 10 == 0)
    io_uring_prep_timeout(next(w, FAILS, 0), &nap, 0, 0);
}

static void net_completed(struct worker *w, enum kind kind, unsigned slot, int res, unsigned flags) {
  if (kind == SERVER) {
    if (flags & IORING_CQE_F_BUFFER) {
      unsigned id = flags >> IORING_CQE_BUFFER_SHIFT;
      if (res > 0 && !w->stopping) {
        memcpy(net.reply[slot], net.buffers + id * NET_SIZE, (size_t)res);
        io_uring_prep_send(
            next(w, REPLY, slot), net.pairs[slot][1], net.reply[slot], (size_t)res, MSG_NOSIGNAL);
      }
      provide(id);
    }
    if (!(flags & IORING_CQE_F_MORE) && !w->stopping)
      serve(w, slot);
  }
  if (kind == CLIENT)
    net.busy[slot] = false;
  if (res >= 0 || w->stopping)
    return;
  if (kind == FAILS)
    w->expected_errors++;
  else
    w->unexpected++;
}

// MARK: - Every worker

static uint64_t in_flight(const struct worker *w) {
  return w->submitted - w->completions;
}

static void reap_ready(struct worker *w, bool *ticked) {
  struct io_uring_cqe *cqe;
  while (io_uring_peek_cqe(&w->uring, &cqe) == 0) {
    enum kind kind = (enum kind)(cqe->user_data >> 56);
    unsigned slot = (unsigned)(cqe->user_data >> 32) & 0xffff, flags = cqe->flags;
    int res = cqe->res;
    io_uring_cqe_seen(&w->uring, cqe);
    if (!(flags & IORING_CQE_F_MORE))
      w->completions++;
    w->cqes++;
    if (kind == TICK)
      *ticked = true;
    else
      w->completed(w, kind, slot, res, flags);
  }
}

static void *work(void *argument) {
  static struct __kernel_timespec tick = {.tv_nsec = TICK_MS * 1000000};
  struct worker *w = argument;
  pthread_setname_np(pthread_self(), w->name);
  must_uring(io_uring_queue_init(128, &w->uring, 0));
  w->start(w);
  unsigned credit = 0;
  bool ticked = true;
  while (!stop) {
    if (ticked) {
      ticked = false;
      credit += w->rate * TICK_MS;
      w->due = credit / 1000;
      credit %= 1000;
      w->tick(w);
      io_uring_prep_timeout(next(w, TICK, 0), &tick, 0, 0);
    }
    int error = io_uring_submit_and_wait(&w->uring, 1);
    if (error != -EINTR)
      must_uring(error);
    reap_ready(w, &ticked);
  }
  // Cancels the requests in flight, and reaps their CQEs.
  w->stopping = true;
  while (in_flight(w)) {
    struct io_uring_sqe *cancel = next(w, PLAIN, 0);
    io_uring_prep_cancel64(cancel, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
    must_uring(io_uring_submit_and_wait(&w->uring, 1));
    reap_ready(w, &ticked);
    sleep_ms(1);
  }
  return NULL;
}

int main(int argc, char **argv) {
  static struct worker workers[] = {
      {.name = "wl-disk", .start = disk_start, .tick = disk_tick, .completed = disk_completed},
      {.name = "wl-files", .start = files_start, .tick = files_tick, .completed = files_completed},
      {.name = "wl-net", .start = net_start, .tick = net_tick, .completed = net_completed},
  };
  enum { WORKERS = sizeof workers / sizeof *workers };
  begin("workload", &argc, argv);
  long rate = option(argc, argv, "--rate", 600), seconds = option(argc, argv, "--seconds", 0);
  depth = (unsigned)option(argc, argv, "--depth", 8);
  check(depth >= 1 && depth <= MAX_DEPTH, "--depth is 1 to %d", MAX_DEPTH);
  long_running();
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  for (int i = 0; i < WORKERS; i++) {
    workers[i].index = i;
    workers[i].seed = (uint64_t)i + 1;
    workers[i].rate = (unsigned)(rate / WORKERS);
    check(!pthread_create(&workers[i].thread, NULL, work, &workers[i]), "no thread");
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  uint64_t end = now_ns() + (uint64_t)seconds * 1000000000u;
  while (!stop && (!seconds || now_ns() < end))
    sleep_ms(50);
  stop = 1;
  uint64_t unexpected = 0, expected = 0;
  for (int i = 0; i < WORKERS; i++) {
    pthread_join(workers[i].thread, NULL);
    truth->bulk_submitted += workers[i].submitted;
    truth->bulk_completed += workers[i].completions;
    truth->cqes += (unsigned)(workers[i].cqes - workers[i].completions); // print_truth() adds the final CQEs
    unexpected += workers[i].unexpected;
    expected += workers[i].expected_errors;
    truth->rings[i].fd = workers[i].uring.ring_fd;
    truth->rings[i].sq_entries = workers[i].uring.sq.ring_entries;
    truth->rings[i].cq_entries = workers[i].uring.cq.ring_entries;
    io_uring_queue_exit(&workers[i].uring);
  }
  truth->ring_count = WORKERS;
  say("\"expected_errors\":%" PRIu64 ",\"unexpected_errors\":%" PRIu64 ",\"by_ring\":[%" PRIu64 ",%" PRIu64
      ",%" PRIu64 "]",
      expected, unexpected, workers[0].submitted, workers[1].submitted, workers[2].submitted);
  truth->held = true;
  return finish();
}
