// Shared by the test programs: rings, checks, and the account of what really happened.
//
// A program gets SQEs with sqe(), fills them with liburing's io_uring_prep_*, sends them with submit()
// and collects CQEs with reap(), reap_done() or reap_all(). Every request gets a user_data of its own and
// is recorded here, so that finish() can print the truth as one line of JSON (README.md describes it).
#ifndef PROGRAM_H
#define PROGRAM_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <liburing.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED_OK __attribute__((unused))
#define EXIT_SKIPPED 77

// UAPI newer than Debian 12's liburing.
#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP (1U << 14)
#define IORING_SETUP_REGISTERED_FD_ONLY (1U << 15)
#endif
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif
#ifndef IORING_SETUP_CQE_MIXED
#define IORING_SETUP_CQE_MIXED (1U << 18)
#define IORING_SETUP_SQE_MIXED (1U << 19)
#endif
#ifndef IORING_TIMEOUT_MULTISHOT
#define IORING_TIMEOUT_MULTISHOT (1U << 6)
#endif
#ifndef IORING_CQE_F_32
#define IORING_CQE_F_32 (1U << 15)
#endif
#ifndef IORING_NOP_CQE32
#define IORING_NOP_CQE32 (1U << 5)
#endif
// A patch series; invalid elsewhere.
#ifndef IOSQE_SQE_GROUP
#define IOSQE_SQE_GROUP (1U << 7)
#endif

enum { MAX_RINGS = 8, MAX_REQUESTS = 2048, MAX_RESULTS = 8, MAX_EXTRA = 8192 };

struct ring {
  struct io_uring uring; // first: &ring->uring == (void *)ring
  int index;
  int fd;
  unsigned sq_entries, cq_entries, setup;
  bool open;
};

// How a request ended, as far as the application can know.
enum end { IN_FLIGHT, END_CQE, END_SKIPPED, END_SILENT, END_RING_EXIT };

struct request {
  uint64_t user_data, linked_behind, group; // group: its leader's user_data
  int ring, fd, submitter;
  uint8_t opcode, flags;
  unsigned cqes, notifs;
  int32_t results[MAX_RESULTS], res;
  uint32_t cflags;
  enum end end;
  bool prep_failed, also_submitted, overflowed, unreaped;
  const char *note;
};

struct truth {
  const char *name;
  struct ring rings[MAX_RINGS];
  unsigned ring_count;
  struct request requests[MAX_REQUESTS];
  unsigned request_count;
  uint64_t next_user_data;
  unsigned cqes, aux_cqes;
  uint64_t bulk_submitted, bulk_completed; // by programs too big to record each request
  struct {
    uint64_t user_data;
    int32_t res;
    uint32_t cflags;
    int ring;
  } aux[64];
  char extra[MAX_EXTRA];
  bool hold, held;
  bool has_groups; // IOSQE_SQE_GROUP is not just an invalid flag
  unsigned more_setup;
  pid_t pid;
  pthread_t main_thread;
};

static struct truth *truth UNUSED_OK; // shared memory: a forked child adds to the same account
static volatile sig_atomic_t stop UNUSED_OK;

// MARK: - Leaving

UNUSED_OK static __attribute__((noreturn, format(printf, 2, 3))) void leave(
    int status, const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "%s: ", truth ? truth->name : "program");
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(status);
}
#define die(...) leave(1, __VA_ARGS__)
#define skip(...) leave(EXIT_SKIPPED, __VA_ARGS__)

// Ends the program unless `condition` holds.
#define check(condition, ...) \
  do { \
    if (!(condition)) \
      die(__VA_ARGS__); \
  } while (0)
// The value of a call that returns -1 and sets errno when it fails.
#define must(call) \
  ({ \
    __typeof__(call) value_ = (call); \
    check(value_ >= 0, "line %d: %s: %s", __LINE__, #call, strerror(errno)); \
    value_; \
  })
// The same for liburing, which returns -errno.
#define must_uring(call) \
  ({ \
    int value_ = (call); \
    check(value_ >= 0, "line %d: %s: %s", __LINE__, #call, strerror(-value_)); \
    value_; \
  })

// MARK: - Start and options

static void on_alarm(int signal) {
  (void)signal;
  static const char text[] = "a test program gave up: a completion it waits for did not come\n";
  (void)!write(2, text, sizeof text - 1);
  _exit(1);
}

static void on_stop(int signal) {
  (void)signal;
  stop = 1;
}

// A long-running program ends by SIGTERM, SIGINT or SIGHUP instead of after 20 seconds.
UNUSED_OK static void long_running(void) {
  struct sigaction action = {.sa_handler = on_stop};
  alarm(0);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

// Takes the options that all programs have out of argv: --hold, and --defer (every ring with
// IORING_SETUP_DEFER_TASKRUN).
UNUSED_OK static void begin(const char *name, int *argc, char **argv) {
  truth = mmap(NULL, sizeof *truth, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (truth == MAP_FAILED) {
    truth = NULL;
    die("no memory");
  }
  truth->name = name;
  truth->pid = getpid();
  truth->main_thread = pthread_self();
  truth->next_user_data = 0x1001;
  int kept = 1;
  for (int i = 1; i < *argc; i++) {
    if (!strcmp(argv[i], "--hold"))
      truth->hold = true;
    else if (!strcmp(argv[i], "--defer"))
      truth->more_setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    else
      argv[kept++] = argv[i];
  }
  argv[kept] = NULL;
  *argc = kept;
  signal(SIGALRM, on_alarm);
  signal(SIGPIPE, SIG_IGN);
  alarm(20);
}

// The value of option `name` in what begin() left, or `otherwise`.
UNUSED_OK static long option(int argc, char **argv, const char *name, long otherwise) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], name))
      continue;
    char *end = NULL;
    long value = argv[i + 1] ? strtol(argv[i + 1], &end, 10) : 0;
    check(end && end != argv[i + 1] && !*end && value >= 0, "%s needs a number", name);
    return value;
  }
  return otherwise;
}

// Argument `index` (from 1), which must be a number greater than 0, or `otherwise` when it is not given.
UNUSED_OK static long argument(int argc, char **argv, int index, long otherwise) {
  if (argc <= index || !strncmp(argv[index], "--", 2))
    return otherwise;
  char *end;
  long value = strtol(argv[index], &end, 10);
  check(end != argv[index] && !*end && value > 0, "argument %d must be a number greater than 0", index);
  return value;
}

UNUSED_OK static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

UNUSED_OK static void sleep_ms(unsigned ms) {
  struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
  while (nanosleep(&left, &left) && errno == EINTR && !stop)
    ;
}

// Whether this is a kernel of a series such as "6.1": few truths depend on it.
UNUSED_OK static bool kernel_is(const char *series) {
  struct utsname name;
  size_t length = strlen(series);
  must(uname(&name));
  return !strncmp(name.release, series, length) && (name.release[length] < '0' || name.release[length] > '9');
}

// MARK: - Rings

// Opens a ring; the index in the truth's "rings" is the order of the calls.
UNUSED_OK static struct ring *open_ring_with(unsigned entries, struct io_uring_params parameters) {
  check(truth->ring_count < MAX_RINGS, "too many rings");
  struct ring *ring = &truth->rings[truth->ring_count];
  if (!(parameters.flags & (IORING_SETUP_SQPOLL | IORING_SETUP_IOPOLL)))
    parameters.flags |= truth->more_setup;
  unsigned setup = parameters.flags;
  int error = io_uring_queue_init_params(entries, &ring->uring, &parameters);
  if (error == -ENOSYS || error == -EINVAL)
    skip("this kernel has no io_uring ring with setup flags 0x%x: %s", setup, strerror(-error));
  check(!error, "io_uring_setup: %s", strerror(-error));
  ring->index = (int)truth->ring_count++;
  ring->fd = ring->uring.ring_fd;
  ring->sq_entries = parameters.sq_entries;
  ring->cq_entries = parameters.cq_entries;
  ring->setup = setup;
  ring->open = true;
  return ring;
}

UNUSED_OK static struct ring *open_ring(unsigned entries, unsigned setup) {
  return open_ring_with(entries, (struct io_uring_params){.flags = setup});
}

// Closes a ring. What has not completed is recorded as ended by it, what was not reaped as that.
UNUSED_OK static void close_ring(struct ring *ring) {
  struct io_uring_cqe *cqe;
  unsigned head;
  io_uring_for_each_cqe (&ring->uring, head, cqe) {
    for (unsigned i = 0; i < truth->request_count; i++)
      if (truth->requests[i].user_data == cqe->user_data && truth->requests[i].end == IN_FLIGHT) {
        truth->requests[i].end = END_CQE;
        truth->requests[i].unreaped = true;
        truth->requests[i].res = truth->requests[i].results[0] = cqe->res;
        truth->requests[i].cqes = 1;
      }
  }
  for (unsigned i = 0; i < truth->request_count; i++)
    if (truth->requests[i].ring == ring->index && truth->requests[i].end == IN_FLIGHT)
      truth->requests[i].end = END_RING_EXIT;
  io_uring_queue_exit(&ring->uring);
  ring->open = false;
}

// Ends with status 77 when the kernel does not know `opcode`.
UNUSED_OK static void need_opcode(struct ring *ring, int opcode, const char *name) {
  struct io_uring_probe *probe = io_uring_get_probe_ring(&ring->uring);
  bool known = probe && io_uring_opcode_supported(probe, opcode);
  io_uring_free_probe(probe);
  if (!known)
    skip("this kernel does not know IORING_OP_%s", name);
}

// MARK: - Requests

// The next free SQE, cleared, with a user_data that no other request of the program has.
UNUSED_OK static struct io_uring_sqe *sqe(struct ring *ring) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
  check(sqe, "the submission queue is full");
  memset(sqe, 0, (ring->setup & IORING_SETUP_SQE128) ? 128 : 64);
  sqe->user_data = truth->next_user_data++;
  return sqe;
}

UNUSED_OK static struct request *request(uint64_t user_data) {
  for (unsigned i = truth->request_count; i-- > 0;)
    if (truth->requests[i].user_data == user_data)
      return &truth->requests[i];
  return NULL;
}

// Sends what sqe() gave since the last call and records it. Returns how many it were.
UNUSED_OK static unsigned submit(struct ring *ring) {
  struct io_uring_sq *sq = &ring->uring.sq;
  unsigned shift = (ring->setup & IORING_SETUP_SQE128) ? 1 : 0, count = 0;
  uint64_t previous = 0, group = 0;
  for (unsigned i = sq->sqe_head; i != sq->sqe_tail; i++, count++) {
    const struct io_uring_sqe *sqe = &sq->sqes[(i & sq->ring_mask) << shift];
    check(truth->request_count < MAX_REQUESTS, "too many requests");
    bool is_member = group != 0, is_grouped = truth->has_groups && (sqe->flags & IOSQE_SQE_GROUP);
    if (is_grouped && !is_member)
      group = sqe->user_data;
    truth->requests[truth->request_count++] = (struct request){
        .user_data = sqe->user_data,
        .linked_behind = is_member ? 0 : previous,
        .group = group,
        .ring = ring->index,
        .fd = sqe->fd,
        .submitter = getpid(),
        .opcode = sqe->opcode,
        .flags = sqe->flags,
    };
    if (!is_grouped)
      group = 0;
    if (!is_member)
      previous = (sqe->flags & (IOSQE_IO_LINK | IOSQE_IO_HARDLINK)) ? sqe->user_data : 0;
  }
  // Without IORING_SETUP_SUBMIT_ALL the kernel stops after a request that fails in preparation.
  for (unsigned done = 0; done < count;)
    done += (unsigned)must_uring(io_uring_submit(&ring->uring));
  return count;
}

UNUSED_OK static void record(struct ring *ring, const struct io_uring_cqe *cqe) {
  struct request *request_ = request(cqe->user_data);
  truth->cqes++;
  if (!request_) {
    check(truth->aux_cqes < 64, "too many CQEs without a request");
    truth->aux[truth->aux_cqes].ring = ring->index;
    truth->aux[truth->aux_cqes].user_data = cqe->user_data;
    truth->aux[truth->aux_cqes].cflags = cqe->flags;
    truth->aux[truth->aux_cqes++].res = cqe->res;
    return;
  }
  if (cqe->flags & IORING_CQE_F_NOTIF) {
    request_->notifs++;
  } else {
    if (request_->cqes < MAX_RESULTS)
      request_->results[request_->cqes] = cqe->res;
    request_->cqes++;
    request_->res = cqe->res;
    request_->cflags = cqe->flags;
  }
  if (!(cqe->flags & IORING_CQE_F_MORE))
    request_->end = END_CQE;
}

// Waits for `count` CQEs and records them.
UNUSED_OK static void reap(struct ring *ring, unsigned count) {
  while (count--) {
    struct io_uring_cqe *cqe;
    int error;
    while ((error = io_uring_wait_cqe(&ring->uring, &cqe)) == -EINTR && !stop)
      ;
    must_uring(error);
    record(ring, cqe);
    io_uring_cqe_seen(&ring->uring, cqe);
  }
}

// Waits until the request with `user_data` has ended.
UNUSED_OK static void reap_done(struct ring *ring, uint64_t user_data) {
  while (request(user_data)->end == IN_FLIGHT)
    reap(ring, 1);
}

// Waits until every request of the ring has ended that will post a CQE (one with CQE_SKIP may not).
UNUSED_OK static void reap_all(struct ring *ring) {
  for (unsigned i = 0; i < truth->request_count; i++)
    while (truth->requests[i].ring == ring->index && truth->requests[i].end == IN_FLIGHT &&
           !(truth->requests[i].flags & IOSQE_CQE_SKIP_SUCCESS))
      reap(ring, 1);
}

// Checks that the request ended with `res`.
#define expect(user_data_, res_) \
  do { \
    struct request *r_ = request(user_data_); \
    check( \
        r_->end == END_CQE && r_->res == (res_), "line %d: request 0x%" PRIx64 " ended with %d, not %d", \
        __LINE__, (uint64_t)(user_data_), r_->res, (int)(res_)); \
  } while (0)

// MARK: - Things to do I/O on

// An unlinked file of `size` bytes in $TMPDIR, /var/tmp or /tmp.
UNUSED_OK static int temporary_file(size_t size) {
  const char *directories[] = {getenv("TMPDIR"), "/var/tmp", "/tmp", "."};
  for (int i = 0; i < 4; i++) {
    if (!directories[i])
      continue;
    char path[512];
    snprintf(path, sizeof path, "%s/uringtop-test-XXXXXX", directories[i]);
    int fd = mkstemp(path);
    if (fd < 0)
      continue;
    unlink(path);
    char block[4096];
    memset(block, 'u', sizeof block);
    for (size_t done = 0; done < size;)
      done += (size_t)must(write(fd, block, size - done < sizeof block ? size - done : sizeof block));
    return fd;
  }
  die("no directory for a temporary file");
}

// Memory to register as a buffer: 6.1 refuses pages of which a part is a file's, as at the start of .bss.
UNUSED_OK static void *map_memory(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "no memory");
  return memory;
}

UNUSED_OK static void make_pipe(int fds[2]) {
  must(pipe2(fds, O_CLOEXEC));
}
UNUSED_OK static void put(int fd, const char *text) {
  must(write(fd, text, strlen(text)));
}

// MARK: - Truth

static const char *const opcode_names[] UNUSED_OK = {
    "NOP",
    "READV",
    "WRITEV",
    "FSYNC",
    "READ_FIXED",
    "WRITE_FIXED",
    "POLL_ADD",
    "POLL_REMOVE",
    "SYNC_FILE_RANGE",
    "SENDMSG",
    "RECVMSG",
    "TIMEOUT",
    "TIMEOUT_REMOVE",
    "ACCEPT",
    "ASYNC_CANCEL",
    "LINK_TIMEOUT",
    "CONNECT",
    "FALLOCATE",
    "OPENAT",
    "CLOSE",
    "FILES_UPDATE",
    "STATX",
    "READ",
    "WRITE",
    "FADVISE",
    "MADVISE",
    "SEND",
    "RECV",
    "OPENAT2",
    "EPOLL_CTL",
    "SPLICE",
    "PROVIDE_BUFFERS",
    "REMOVE_BUFFERS",
    "TEE",
    "SHUTDOWN",
    "RENAMEAT",
    "UNLINKAT",
    "MKDIRAT",
    "SYMLINKAT",
    "LINKAT",
    "MSG_RING",
    "FSETXATTR",
    "SETXATTR",
    "FGETXATTR",
    "GETXATTR",
    "SOCKET",
    "URING_CMD",
    "SEND_ZC",
    "SENDMSG_ZC",
    "READ_MULTISHOT",
    "WAITID",
    "FUTEX_WAIT",
    "FUTEX_WAKE",
    "FUTEX_WAITV",
    "FIXED_FD_INSTALL",
    "FTRUNCATE",
    "BIND",
    "LISTEN",
    "RECV_ZC",
    "EPOLL_WAIT",
    "READV_FIXED",
    "WRITEV_FIXED",
    "PIPE",
    "NOP128",
    "URING_CMD128"};
static const char *const setup_names[] UNUSED_OK = {
    "IOPOLL",        "SQPOLL",        "SQ_AFF",     "CQSIZE",
    "CLAMP",         "ATTACH_WQ",     "R_DISABLED", "SUBMIT_ALL",
    "COOP_TASKRUN",  "TASKRUN_FLAG",  "SQE128",     "CQE32",
    "SINGLE_ISSUER", "DEFER_TASKRUN", "NO_MMAP",    "REGISTERED_FD_ONLY",
    "NO_SQARRAY",    "HYBRID_IOPOLL", "CQE_MIXED",  "SQE_MIXED",
    "SQ_REWIND"};
static const char *const flag_names[] UNUSED_OK = {"FIXED_FILE",       "IO_DRAIN", "IO_LINK",
                                                   "IO_HARDLINK",      "ASYNC",    "BUFFER_SELECT",
                                                   "CQE_SKIP_SUCCESS", "SQE_GROUP"};

// Adds case-specific members to the truth: say("\"expired\":%u", n).
UNUSED_OK static __attribute__((format(printf, 1, 2))) void say(const char *format, ...) {
  size_t used = strlen(truth->extra);
  va_list arguments;
  va_start(arguments, format);
  used += (size_t)snprintf(truth->extra + used, MAX_EXTRA - used, ",");
  vsnprintf(truth->extra + used, MAX_EXTRA - used, format, arguments);
  va_end(arguments);
}

static void print_names(const char *key, unsigned bits, const char *const *names, unsigned count) {
  printf("\"%s\":[", key);
  for (unsigned i = 0, first = 1; i < count; i++)
    if (bits & (1u << i)) {
      printf("%s\"%s\"", first ? "" : ",", names[i]);
      first = 0;
    }
  printf("]");
}

static void print_request(const struct request *r) {
  static const char *const ends[] = {"in_flight", "cqe", "skipped", "silent", "ring_exit"};
  printf("{\"user_data\":\"0x%" PRIx64 "\",\"ring\":%d,\"opcode\":", r->user_data, r->ring);
  if (r->opcode < sizeof opcode_names / sizeof *opcode_names)
    printf("\"%s\",", opcode_names[r->opcode]);
  else
    printf("\"%u\",", r->opcode);
  printf("\"fd\":%d,", r->fd);
  print_names("flags", r->flags, flag_names, truth->has_groups ? 8 : 7);
  if (r->linked_behind)
    printf(",\"linked_behind\":\"0x%" PRIx64 "\"", r->linked_behind);
  if (r->group)
    printf(",\"group\":\"0x%" PRIx64 "\"", r->group);
  printf(",\"end\":\"%s\",\"cqes\":%u", ends[r->end], r->cqes);
  if (r->cqes) {
    printf(",\"res\":%d", r->res);
    if (r->cqes > 1) {
      for (unsigned i = 0; i < r->cqes && i < MAX_RESULTS; i++)
        printf("%s%d", i ? "," : ",\"results\":[", r->results[i]);
      printf("]");
    }
    if (r->cflags & IORING_CQE_F_BUFFER)
      printf(",\"buffer\":%u", r->cflags >> IORING_CQE_BUFFER_SHIFT);
  }
  if (r->notifs)
    printf(",\"notifs\":%u", r->notifs);
  if (r->submitter != truth->pid)
    printf(",\"submitter\":%d", r->submitter);
  if (r->prep_failed)
    printf(",\"prep_failed\":true");
  if (r->also_submitted)
    printf(",\"also_submitted\":true");
  if (r->overflowed)
    printf(",\"overflowed\":true");
  if (r->unreaped)
    printf(",\"unreaped\":true");
  if (r->note)
    printf(",\"note\":\"%s\"", r->note);
  printf("}");
}

static void print_rings(void) {
  printf("\"rings\":[");
  for (unsigned i = 0; i < truth->ring_count; i++) {
    const struct ring *ring = &truth->rings[i];
    printf(
        "%s{\"fd\":%d,\"sq_entries\":%u,\"cq_entries\":%u,", i ? "," : "", ring->fd, ring->sq_entries,
        ring->cq_entries);
    print_names("setup", ring->setup, setup_names, sizeof setup_names / sizeof *setup_names);
    printf("}");
  }
  printf("]");
}

UNUSED_OK static void print_truth(bool ready) {
  uint64_t submitted = truth->request_count + truth->bulk_submitted, ended = truth->bulk_completed;
  unsigned skipped = 0, silent = 0, prep_failed = 0, overflowed = 0, unreaped = 0;
  for (unsigned i = 0; i < truth->request_count; i++) {
    const struct request *r = &truth->requests[i];
    ended += r->end != IN_FLIGHT && r->end != END_RING_EXIT;
    skipped += r->end == END_SKIPPED;
    silent += r->end == END_SILENT;
    prep_failed += r->prep_failed;
    overflowed += r->overflowed;
    unreaped += r->unreaped;
  }
  printf("{%s\"program\":\"%s\",\"pid\":%d,", ready ? "\"ready\":true," : "", truth->name, truth->pid);
  print_rings();
  printf(
      ",\"submitted\":%" PRIu64 ",\"completed\":%" PRIu64 ",\"in_flight\":%" PRIu64 ",\"cqes\":%" PRIu64
      ",\"aux_cqes\":%u,\"skipped\":%u,\"silent\":%u,\"prep_failed\":%u,\"overflowed\":%u,\"unreaped\":%u",
      submitted, ended, submitted - ended, truth->cqes + truth->bulk_completed, truth->aux_cqes, skipped,
      silent, prep_failed, overflowed, unreaped);
  printf(",\"requests\":[");
  for (unsigned i = 0; i < truth->request_count; i++) {
    if (i)
      putchar(',');
    print_request(&truth->requests[i]);
  }
  printf("]");
  if (truth->aux_cqes) {
    for (unsigned i = 0; i < truth->aux_cqes; i++)
      printf(
          "%s{\"ring\":%d,\"user_data\":\"0x%" PRIx64 "\",\"res\":%d}", i ? "," : ",\"aux\":[",
          truth->aux[i].ring, truth->aux[i].user_data, truth->aux[i].res);
    printf("]");
  }
  printf("%s}\n", truth->extra);
  fflush(stdout);
}

// MARK: - Holding

static bool stdin_can_close(void) {
  struct stat status;
  return !fstat(0, &status) && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(0));
}

// Waits until standard input (a pipe, socket or terminal) closes, or for SIGTERM, SIGINT or SIGHUP.
UNUSED_OK static void wait_for_end(void) {
  char text[64];
  struct pollfd input = {.fd = stdin_can_close() ? 0 : -1, .events = POLLIN};
  while (!stop) // a time limit, for a signal that comes just before poll()
    if (poll(&input, 1, 100) > 0 && read(0, text, sizeof text) <= 0)
      return;
}

// With --hold: prints the ready line (the truth so far) and keeps everything as it is until standard input closes.
// A program that never calls it holds in finish(), when its requests have ended.
UNUSED_OK static void hold(void) {
  if (!truth->hold || truth->held)
    return;
  truth->held = true;
  long_running();
  print_truth(true);
  wait_for_end();
  stop = 0;
  alarm(20);
}

static void *watch_stdin(void *nothing) {
  (void)nothing;
  wait_for_end();
  stop = 1;
  for (;;) { // again and again: the signal may come just before the main thread blocks
    pthread_kill(truth->main_thread, SIGTERM);
    sleep_ms(20);
  }
  return NULL;
}

// Like hold(), but the main thread goes on, to block where a stuck program would, until `stop` is set and the
// blocking call is interrupted.
UNUSED_OK static void hold_beside(void) {
  long_running();
  truth->held = true;
  print_truth(true);
  pthread_t thread;
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  check(!pthread_create(&thread, NULL, watch_stdin, NULL), "no thread");
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

// Closes the rings that are still open, prints the truth and gives main() its status.
UNUSED_OK static int finish(void) {
  hold();
  for (unsigned i = 0; i < truth->ring_count; i++)
    if (truth->rings[i].open)
      close_ring(&truth->rings[i]);
  print_truth(false);
  return 0;
}

#endif
