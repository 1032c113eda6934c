// Functions for a test program's start and exit, its options, and its checks.

#pragma once
#include "account.h"

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
// Returns the value of a call. Ends the program if the call fails, that is, returns -1 and sets errno.
#define must(call) \
  ({ \
    __typeof__(call) value_ = (call); \
    check(value_ >= 0, "line %d: %s: %s", __LINE__, #call, strerror(errno)); \
    value_; \
  })
// The same as must() for calls of liburing, which return -errno when they fail.
#define must_uring(call) \
  ({ \
    int value_ = (call); \
    check(value_ >= 0, "line %d: %s: %s", __LINE__, #call, strerror(-value_)); \
    value_; \
  })

// MARK: - Start and options

static void on_alarm(int signal) {
  (void)signal;
  static const char text[] = "a test program gave up: an expected completion did not arrive\n";
  (void)!write(2, text, sizeof text - 1);
  _exit(1);
}

static void on_stop(int signal) {
  (void)signal;
  stop = 1;
}

// Makes the program end on SIGTERM, SIGINT or SIGHUP instead of after 20 seconds.
UNUSED_OK static void long_running(void) {
  struct sigaction action = {.sa_handler = on_stop};
  alarm(0);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

// Creates the account, sets a time limit of 20 s, and removes the options that all programs have from argv: --hold, and
// --defer (every ring gets IORING_SETUP_DEFER_TASKRUN).
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

// Returns the value of the option `name` in the arguments that begin() left, or `otherwise` if it is not given.
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

// Returns argument `index` (from 1), which must be a number greater than 0, or `otherwise` if it is not given.
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

// True if the kernel belongs to a series such as "6.1". The truths of a few programs depend on the series.
UNUSED_OK static bool kernel_is(const char *series) {
  struct utsname name;
  size_t length = strlen(series);
  must(uname(&name));
  return !strncmp(name.release, series, length) && (name.release[length] < '0' || name.release[length] > '9');
}
