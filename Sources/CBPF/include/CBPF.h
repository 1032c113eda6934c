/* libbpf, and the few things of it and of the kernel that Swift cannot import. */
#pragma once
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * libbpf's messages go to a buffer instead of standard error. A new call of cbpf_log_clear starts anew;
 * what does not fit is dropped from the front, because the cause stands at the end.
 */
void cbpf_log_capture(void);
void cbpf_log_clear(void);
/* Copies the text with a closing zero; returns its length. */
size_t cbpf_log_copy(char *buffer, size_t size);

/* Attaches an iterator program, to one process's threads (tgid not 0) or to all. NULL sets errno. */
struct bpf_link *cbpf_attach_iterator(const struct bpf_program *program, uint32_t tgid);

/* Whether the kernel lets a program attach to the entry of one of its functions, by the function's type. */
bool cbpf_allows_fentry(uint32_t function);

/* io_uring_setup(2) with the smallest ring. Returns its descriptor or a negative errno. */
int cbpf_io_uring_setup(void);

/* Another process's descriptor, as one of this one (pidfd_getfd, 5.6): the same open file. The descriptor
 * or a negative errno. */
int cbpf_take_descriptor(pid_t process, int descriptor);
/* Bytes that can be read, or were sent and are not gone; -1 where the file does not tell. */
int64_t cbpf_pending_bytes(int descriptor, bool is_output);

/* Nothing of <sys/eventfd.h> is imported. The descriptor or a negative errno. */
int cbpf_eventfd(void);
/* Sleeps until the descriptor is readable or the time has passed; true in the first case. */
bool cbpf_wait_readable(int descriptor, uint64_t nanoseconds);
/*
 * An epoll instance over a BPF ring buffer, of which only wake-ups count and not what lies in it, and another
 * descriptor. Its descriptor or a negative errno.
 */
int cbpf_epoll(int ring_buffer, int other);
/* Sleeps until one of the two has been woken or the time has passed. */
void cbpf_epoll_wait(int epoll, uint64_t nanoseconds);
/*
 * Lets large blocks go back to the system when they are freed. Else glibc takes the size of the largest one
 * freed so far as a reason to keep what is smaller: after the kernel's type information, tens of MB.
 */
void cbpf_keep_little_memory(void);
/* Gives memory back that was needed for a moment: the kernel's type information is tens of MB. */
void cbpf_return_memory(void);
/* Lets the calling thread run before ordinary ones, as far as the process may. */
void cbpf_prefer_thread(void);

/* The ring buffer's positions and record headers are shared with the kernel. */
static inline uint64_t cbpf_load_acquire_u64(const void *address) {
  return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}
static inline uint32_t cbpf_load_acquire_u32(const void *address) {
  return __atomic_load_n((const uint32_t *)address, __ATOMIC_ACQUIRE);
}
/* Also a full barrier. */
static inline void cbpf_store_u64(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_SEQ_CST);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
static inline void cbpf_store_release_u64(void *address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
}
