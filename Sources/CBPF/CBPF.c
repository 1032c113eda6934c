#define _GNU_SOURCE
#include "CBPF.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[16384];
static size_t log_length;

static int append_to_log(enum libbpf_print_level level, const char *format, va_list arguments) {
  if (level == LIBBPF_DEBUG)
    return 0;
  /* The verifier's log arrives as a single message. Its end contains the reason, so a long message loses its start. */
  char *message;
  int written = vasprintf(&message, format, arguments);
  if (written < 0)
    return 0;
  size_t length = (size_t)written < sizeof(log_text) ? (size_t)written : sizeof(log_text);
  pthread_mutex_lock(&log_lock);
  if (log_length + length > sizeof(log_text)) {
    size_t drop = log_length + length - sizeof(log_text);
    memmove(log_text, log_text + drop, log_length - drop);
    log_length -= drop;
  }
  memcpy(log_text + log_length, message + written - length, length);
  log_length += length;
  pthread_mutex_unlock(&log_lock);
  free(message);
  return written;
}

void cbpf_log_capture(void) {
  libbpf_set_print(append_to_log);
}

void cbpf_log_clear(void) {
  pthread_mutex_lock(&log_lock);
  log_length = 0;
  pthread_mutex_unlock(&log_lock);
}

size_t cbpf_log_copy(char *buffer, size_t size) {
  if (size == 0)
    return 0;
  pthread_mutex_lock(&log_lock);
  size_t length = log_length < size - 1 ? log_length : size - 1;
  memcpy(buffer, log_text + log_length - length, length);
  pthread_mutex_unlock(&log_lock);
  buffer[length] = 0;
  return length;
}

struct bpf_link *cbpf_attach_iterator(const struct bpf_program *program, uint32_t tgid) {
  union bpf_iter_link_info info = {};
  info.task.pid = tgid;
  LIBBPF_OPTS(bpf_iter_attach_opts, options);
  if (tgid) {
    options.link_info = &info;
    options.link_info_len = sizeof(info);
  }
  return bpf_program__attach_iter(program, &options);
}

bool cbpf_allows_fentry(uint32_t function) {
  const struct bpf_insn program[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
      {.code = BPF_JMP | BPF_EXIT},
  };
  LIBBPF_OPTS(
      bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY, .attach_btf_id = function);
  int descriptor = bpf_prog_load(BPF_PROG_TYPE_TRACING, "probe", "GPL", program, 2, &options);
  if (descriptor < 0)
    return false;
  /* The program must also attach: a kernel can load the program and then refuse to attach it. */
  int link = bpf_link_create(descriptor, 0, BPF_TRACE_FENTRY, NULL);
  if (link >= 0)
    close(link);
  close(descriptor);
  return link >= 0;
}

int cbpf_io_uring_setup(void) {
  struct io_uring_params parameters = {};
  long descriptor = syscall(__NR_io_uring_setup, 1, &parameters);
  return descriptor < 0 ? -errno : (int)descriptor;
}

int cbpf_take_descriptor(pid_t process, int descriptor) {
  int handle = (int)syscall(SYS_pidfd_open, process, 0);
  if (handle < 0)
    return -errno;
  int copy = (int)syscall(SYS_pidfd_getfd, handle, descriptor, 0);
  int result = copy < 0 ? -errno : copy;
  close(handle);
  return result;
}

int64_t cbpf_pending_bytes(int descriptor, bool is_output) {
  int count = 0;
  return ioctl(descriptor, is_output ? TIOCOUTQ : FIONREAD, &count) ? -1 : count;
}

int cbpf_memory_file(const char *name) {
  int descriptor = memfd_create(name, MFD_CLOEXEC);
  return descriptor < 0 ? -errno : descriptor;
}

int cbpf_eventfd(void) {
  int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor < 0 ? -errno : descriptor;
}

bool cbpf_wait_readable(int descriptor, uint64_t nanoseconds) {
  struct pollfd poll = {.fd = descriptor, .events = POLLIN};
  struct timespec time = {
      .tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
  return ppoll(&poll, 1, &time, NULL) > 0;
}

int cbpf_epoll(int ring_buffer, int other) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0)
    return -errno;
  struct epoll_event wakeups = {.events = EPOLLIN | EPOLLET}, readable = {.events = EPOLLIN};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, ring_buffer, &wakeups) ||
      epoll_ctl(epoll, EPOLL_CTL_ADD, other, &readable)) {
    int error = errno;
    close(epoll);
    return -error;
  }
  return epoll;
}

void cbpf_epoll_wait(int epoll, uint64_t nanoseconds) {
  struct epoll_event events[2];
  struct timespec time = {
      .tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)};
  epoll_pwait2(epoll, events, 2, &time, NULL);
}

void cbpf_prefer_thread(void) {
  setpriority(PRIO_PROCESS, (id_t)gettid(), -10);
}

void cbpf_keep_memory(int bytes) {
  mallopt(M_MMAP_THRESHOLD, bytes);
  mallopt(M_TRIM_THRESHOLD, bytes);
}

void cbpf_return_memory(void) {
  malloc_trim(0);
}

bool cbpf_status(const char *path, struct cbpf_status *status) {
  struct statx found;
  /* AT_STATX_DONT_SYNC: the program that serves a FUSE file system is not queried, because it may never answer. */
  int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
  if (statx(AT_FDCWD, path, flags, STATX_INO | STATX_BTIME, &found))
    return false;
  status->inode = found.stx_ino;
  status->major = found.stx_dev_major;
  status->minor = found.stx_dev_minor;
  status->birth_ns =
      found.stx_mask & STATX_BTIME ? found.stx_btime.tv_sec * 1000000000LL + found.stx_btime.tv_nsec : 0;
  return true;
}

int cbpf_open_known(const char *path) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_CACHED | RESOLVE_NO_MAGICLINKS};
  /* Retries after EAGAIN: it means that the path is not cached, or that a name changed during the look-up. */
  for (int tries = 0; tries < 4; tries++) {
    int descriptor = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (descriptor >= 0)
      return descriptor;
    if (errno != EAGAIN)
      break;
  }
  return -errno;
}

int cbpf_clock_watch(void) {
  int descriptor = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (descriptor < 0)
    return -errno;
  struct itimerspec never = {.it_value.tv_sec = INT64_MAX / 1000000000};
  if (timerfd_settime(descriptor, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL)) {
    int error = errno;
    close(descriptor);
    return -error;
  }
  return descriptor;
}

bool cbpf_has_generation(const char *path, uint32_t generation) {
  union {
    struct file_handle handle;
    char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  } found = {.handle.handle_bytes = MAX_HANDLE_SZ};
  int mount;
  if (!generation || name_to_handle_at(AT_FDCWD, path, &found.handle, &mount, AT_SYMLINK_FOLLOW))
    return false;
  /* Compares each word, because the generation's position in the handle depends on the file system. */
  for (unsigned i = 0; i + sizeof generation <= found.handle.handle_bytes; i += sizeof generation)
    if (!memcmp(found.handle.f_handle + i, &generation, sizeof generation))
      return true;
  return false;
}
