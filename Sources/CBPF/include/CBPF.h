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
 * drops its oldest text, because the cause of an error is in the last messages.
 */
void cbpf_log_capture(void);
void cbpf_log_clear(void);
/* Copies the end of the buffered messages with a terminating zero. Returns the length of the copy. */
size_t cbpf_log_copy(char *buffer, size_t size);

/* The attach target of a program. */
struct cbpf_target {
  const struct bpf_program *program;
  uint32_t type; /* BTF type id of the target */
  int module; /* descriptor of the BTF object of the module that defines the target; 0: the kernel itself */
};

/* Properties of the kernel that the load of an object depends on. */
struct cbpf_kernel {
  const struct cbpf_target *targets;
  size_t target_count;
  int cast_mark;              /* PROBE_CAST of probe.h */
  uint32_t cast_function;     /* BTF type id of bpf_rdonly_cast; 0 if the kernel lacks it */
  const uint32_t *cast_types; /* BTF type ids of the structs, by enum probe_cast */
};

/*
 * Makes libbpf leave the resolution of attach targets to cbpf_load, until the process ends. Must be called before the
 * first object is opened. Otherwise libbpf itself would read and search all kernel types, once for each object.
 */
void cbpf_resolve_targets(void);
/* Loads an object's programs. Returns 0 or a negative errno. */
int cbpf_load(struct bpf_object *object, const struct cbpf_kernel *kernel);

/* Attaches an iterator program to the threads of one process or, with tgid 0, of all. On failure NULL and errno. */
struct bpf_link *cbpf_attach_iterator(const struct bpf_program *program, uint32_t tgid);

/*
 * Opens tracefs without a mount point. It disappears when the descriptor is closed. Needs CAP_SYS_ADMIN. Returns the
 * descriptor of the root folder or a negative errno.
 */
int cbpf_unmounted_tracefs(void);
/* Attaches a program to the tracepoint with this number (`id` in tracefs). On failure NULL and errno. */
struct bpf_link *cbpf_attach_tracepoint(const struct bpf_program *program, uint64_t identifier);

/* True if the kernel lets a program attach to the entry of a function, given the BTF id of the function's type. */
bool cbpf_allows_fentry(uint32_t function);

/* Creates a ring with one SQ entry (io_uring_setup). Returns its descriptor or a negative errno. */
int cbpf_io_uring_setup(void);

/* Duplicates another process's descriptor (pidfd_getfd, 5.6). Returns the copy or a negative errno. */
int cbpf_take_descriptor(pid_t process, int descriptor);
/* Bytes that can be read from a file or, with is_output, bytes sent and still queued. -1 if the file does not report
 * them. */
int64_t cbpf_pending_bytes(int descriptor, bool is_output);

/* memfd_create(2), which Swift does not import. Returns the descriptor or a negative errno. */
int cbpf_memory_file(const char *name);
/* eventfd(2), which Swift does not import. Returns the descriptor or a negative errno. */
int cbpf_eventfd(void);
/* Waits until a descriptor is readable, at most `nanoseconds`. False on timeout. */
bool cbpf_wait_readable(int descriptor, uint64_t nanoseconds);
/*
 * Creates an epoll instance over a BPF ring buffer and another descriptor. For the ring buffer, only wake-ups by BPF
 * programs count, not the data in it. Returns the epoll descriptor or a negative errno.
 */
int cbpf_epoll(int ring_buffer, int other);
/* Sleeps until a BPF program wakes the ring buffer, or the other descriptor is readable, or the time has passed. */
void cbpf_epoll_wait(int epoll, uint64_t nanoseconds);
/*
 * Makes free() return blocks of `bytes` and more to the system. By default glibc keeps blocks up to the size of the
 * largest block freed so far: tens of MB after the kernel's type information was read.
 */
void cbpf_keep_memory(int bytes);
/* Returns all free memory to the system. Useful after the start, which needs tens of MB for the kernel's types. */
void cbpf_return_memory(void);
/* Raises the scheduling priority of the calling thread if the process may do so. */
void cbpf_prefer_thread(void);

/* Atomic access to the memory of the transport (probe.h), which user space shares with BPF programs. */
static inline uint64_t cbpf_load_acquire_u64(const void *address) {
  return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}
/* Stores a value, followed by a full barrier. */
static inline void cbpf_store_u64(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_SEQ_CST);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
static inline void cbpf_store_release_u64(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
}
/* Prefetches the two cache lines at an address. */
static inline void cbpf_prefetch(const void *address) {
  __builtin_prefetch(address);
  __builtin_prefetch((const char *)address + 64);
}
/* Replaces the value if it equals `expected`. False if it does not. */
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

/* Reads the attributes of a file. False, with errno, on failure. */
bool cbpf_status(const char *path, struct cbpf_status *status);

/*
 * Opens a file (O_PATH) if its whole path is in the kernel's dentry cache, as the path of an open file is. Such a
 * look-up never waits for a program that serves a file system (FUSE). Returns the descriptor or a negative errno.
 */
int cbpf_open_known(const char *path);

/* Returns a descriptor that becomes readable when CLOCK_REALTIME is set, or a negative errno. */
int cbpf_clock_watch(void);

/* True if the file's handle (name_to_handle_at) contains this generation of the inode number. The file is then still
 * the one from which the generation was read: its inode number was not reused. */
bool cbpf_has_generation(const char *path, uint32_t generation);
