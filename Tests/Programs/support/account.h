// The account: the program's record of its rings, requests and results, in memory that forked children share. Also
// kernel constants that liburing may lack.
#pragma once
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

// Kernel constants that the liburing headers of Debian 12 lack.
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
// Only kernels with the SQE group patches accept this flag.
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
  uint64_t user_data, linked_behind, group; // group: user_data of the request's group leader
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
  uint64_t bulk_submitted, bulk_completed; // counts of programs with too many requests to record each one
  struct {
    uint64_t user_data;
    int32_t res;
    uint32_t cflags;
    int ring;
  } aux[64];
  char extra[MAX_EXTRA];
  bool hold, held;
  bool has_groups; // the kernel supports IOSQE_SQE_GROUP
  unsigned more_setup;
  pid_t pid;
  pthread_t main_thread;
};

static struct truth *truth UNUSED_OK; // shared memory: a forked child adds to the same account
static volatile sig_atomic_t stop UNUSED_OK;
