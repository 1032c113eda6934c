/* libbpf, and wrappers for functions that Swift cannot import from libbpf or the kernel's headers. */
#pragma once
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Redirects libbpf's messages from standard error to a buffer, which cbpf_log_clear empties. A full buffer
 * drops its oldest text, because the cause is at the end.
 */
void cbpf_log_capture(void);
void cbpf_log_clear(void);
/* Copies the text with a terminating zero and returns its length. */
size_t cbpf_log_copy(char *buffer, size_t size);

/* The attach target of a program, by the id of its type. */
struct cbpf_target {
  const struct bpf_program *program;
  uint32_t type;
  int module; /* descriptor of the module's types, 0: the kernel's own */
};

/* Facts about the kernel that the load depends on. */
struct cbpf_kernel {
  const struct cbpf_target *targets;
  size_t target_count;
  /* See PROBE_CAST of probe.h. */
  int cast_mark;
  uint32_t cast_function; /* number of bpf_rdonly_cast, 0 where the kernel has none */
  const uint32_t *cast_types;
};

/*
 * Makes libbpf leave attach targets to cbpf_load, for the rest of the process. Must be called before the first object
 * is opened. Otherwise libbpf itself would read and search all kernel types, once for each object.
 */
void cbpf_resolve_targets(void);
/* Loads an object's programs. Returns 0 or a negative errno. */
int cbpf_load(struct bpf_object *object, const struct cbpf_kernel *kernel);

/* Attaches an iterator program to the threads of one process (tgid not 0) or to all. NULL sets errno. */
struct bpf_link *cbpf_attach_iterator(const struct bpf_program *program, uint32_t tgid);

/*
 * Opens tracefs without mounting it anywhere; closing the descriptor leaves nothing behind. Needs CAP_SYS_ADMIN.
 * Returns the descriptor of its root or a negative errno.
 */
int cbpf_unmounted_tracefs(void);
/* Attaches a program to the tracepoint with this number (`id` in tracefs). NULL sets errno. */
struct bpf_link *cbpf_attach_tracepoint(const struct bpf_program *program, uint64_t identifier);

/* True if the kernel lets a program attach to the entry of a function, given the BTF id of the function's type. */
bool cbpf_allows_fentry(uint32_t function);

/* io_uring_setup(2) of the smallest ring. Returns its descriptor or a negative errno. */
int cbpf_io_uring_setup(void);

/* Duplicates another process's descriptor (pidfd_getfd, 5.6). Returns the descriptor or a negative errno. */
int cbpf_take_descriptor(pid_t process, int descriptor);
/* Bytes that can be read, or bytes sent and still queued; -1 if the file does not report them. */
int64_t cbpf_pending_bytes(int descriptor, bool is_output);

/* memfd_create(2), which Swift does not import. Returns the descriptor or a negative errno. */
int cbpf_memory_file(const char *name);
/* eventfd(2), which Swift does not import. Returns the descriptor or a negative errno. */
int cbpf_eventfd(void);
/* Waits until the descriptor is readable, at most this long. False on timeout. */
bool cbpf_wait_readable(int descriptor, uint64_t nanoseconds);
/*
 * An epoll instance over a BPF ring buffer and another descriptor. Only wake-ups of the ring buffer count, not the
 * data in it. Returns its descriptor or a negative errno.
 */
int cbpf_epoll(int ring_buffer, int other);
/* Sleeps until the ring buffer or the descriptor is woken, or the time has passed. */
void cbpf_epoll_wait(int epoll, uint64_t nanoseconds);
/*
 * Makes free() return blocks of this size and larger to the system. By default glibc keeps blocks up to the size of the
 * largest block freed so far: tens of MB after reading the kernel's type information.
 */
void cbpf_keep_memory(int bytes);
/* Returns free memory to the system: reading the kernel's type information takes tens of MB briefly. */
void cbpf_return_memory(void);
/* Raises the priority of the calling thread as far as permitted. */
void cbpf_prefer_thread(void);

/* The transport's memory is shared with the kernel. */
static inline uint64_t cbpf_load_acquire_u64(const void *address) {
  return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}
/* Stores a value, with a full barrier. */
static inline void cbpf_store_u64(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_SEQ_CST);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
static inline void cbpf_store_release_u64(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
}
/* Has the processor fetch the two cache lines at an address. */
static inline void cbpf_prefetch(const void *address) {
  __builtin_prefetch(address);
  __builtin_prefetch((const char *)address + 64);
}
/* Replaces the value if it is the expected one. False if it is not. */
static inline bool cbpf_exchange_u64(void *address, uint64_t expected, uint64_t value) {
  return __atomic_compare_exchange_n(
      (uint64_t *)address, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
/* Attributes of a file from statx(2), which Swift's Glibc module lacks. */
struct cbpf_status {
  uint64_t inode;
  uint32_t major, minor; /* of the file's device */
  int64_t birth_ns;      /* creation time, CLOCK_REALTIME; 0 if the file system does not record it */
};

/* False, with errno, if there is no such file. */
bool cbpf_status(const char *path, struct cbpf_status *status);

/*
 * Opens a file (O_PATH) whose path is in the kernel's cache, such as the path of an open file. Never queries the server
 * of a file system. Returns the descriptor, or a negative errno for other files.
 */
int cbpf_open_known(const char *path);

/* A descriptor that becomes readable when the clock is set (CLOCK_REALTIME), or a negative errno. */
int cbpf_clock_watch(void);

/* True if the file's handle (name_to_handle_at) holds this generation of its inode number. */
bool cbpf_has_generation(const char *path, uint32_t generation);
