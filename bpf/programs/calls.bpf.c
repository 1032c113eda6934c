// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The system calls of io_uring, counted by ring, thread and result. While any of their tracepoints has a program, every
 * system call of every task takes the kernel's slow path. User space therefore attaches these programs only if needed.
 *
 * Tracepoints of individual system calls accept only BPF_PROG_TYPE_TRACEPOINT, which cannot use bpf_rdonly_cast.
 */
#include <asm-generic/errno.h>
#include "common/pids.h"
#include "common/ring_filter.h"
#include "kernel/rings.h"
#include "kernel/system_call.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, PROBE_CALLS);
  __type(key, struct probe_call_key);
  __type(value, struct probe_calls);
} calls SEC(".maps");

/* Threads that have entered io_uring_setup. If a seccomp filter refuses the call, only its exit is traced. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, __u64);
  __type(value, __u8);
} in_setup SEC(".maps");

/* Returns the io_ring_ctx of a descriptor or registered index that the kernel has accepted as a ring. */
static __always_inline __u64 ring_behind(struct task_struct *task, __u32 fd, bool is_registered) {
  struct file *file = NULL;
  if (is_registered) {
    struct io_uring_task *tctx = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), io_uring);
    if (fd < 16)
      bpf_probe_read_kernel(
          &file, sizeof(file),
          (void *)tctx + bpf_core_field_offset(struct io_uring_task, registered_rings) + fd * 8);
  } else {
    struct fdtable *table = task->files->fdt;
    if (fd < table->max_fds)
      bpf_probe_read_kernel(&file, sizeof(file), table->fd + fd);
  }
  return file ? (__u64)BPF_CORE_READ(file, private_data) : 0;
}

/* False for errors that can mean that the descriptor is not a ring. */
static __always_inline bool reached_ring(__s64 result) {
  return result != -EINVAL && result != -EBADF && result != -EOPNOTSUPP;
}

/* Counts a call that is returning. Returns the counters of its key, NULL if the map has no room for a new key. */
static __always_inline struct probe_calls *count_call(struct probe_call_key *key) {
  __u64 now = bpf_ktime_get_ns();
  struct probe_calls *found = bpf_map_lookup_elem(&calls, key);
  if (!found) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct probe_calls first = {.first_ns = now, .fd = -1, .tgid = current_tgid()};
    /* a kernel can be built without seccomp */
    if (bpf_core_field_exists(task->seccomp.mode))
      first.filters = BPF_CORE_READ(task, seccomp.mode) == SECCOMP_MODE_FILTER;
    bpf_map_update_elem(&calls, key, &first, BPF_NOEXIST);
    found = bpf_map_lookup_elem(&calls, key);
    if (!found)
      return NULL;
  }
  found->count++;
  found->last_ns = now;
  return found;
}

static __always_inline struct probe_call_key key_of(enum record_call call, __s64 result) {
  return (struct probe_call_key){
      .tid = current_tid(), .result = result < 0 ? result : 0, .call = call, .entered = 1};
}

SEC("tp/syscalls/sys_enter_io_uring_setup")
int setup_enters(void *ctx) {
  __u64 thread = bpf_get_current_pid_tgid();
  __u8 here = 1;
  bpf_map_update_elem(&in_setup, &thread, &here, BPF_ANY);
  return 0;
}

SEC("tp/syscalls/sys_exit_io_uring_setup")
int setup_returns(struct exit_context *ctx) {
  __u64 thread = bpf_get_current_pid_tgid();
  bool entered = !bpf_map_delete_elem(&in_setup, &thread);
  if (!process_passes() || !name_passes())
    return 0;
  struct call_arguments arguments;
  read_arguments(&arguments);
  struct {
    __u32 sq_entries, cq_entries, flags;
  } parameters = {};
  bpf_probe_read_user(&parameters, sizeof(parameters), (void *)arguments.second);
  struct probe_call_key key = key_of(RECORD_CALL_SETUP, ctx->result);
  key.detail = parameters.flags;
  key.entered = entered;
  struct probe_calls *found = count_call(&key);
  if (!found)
    return 0;
  found->argument = arguments.first;
  found->minimum = parameters.cq_entries;
  found->flags = parameters.flags;
  return 0;
}

SEC("tp/syscalls/sys_exit_io_uring_enter")
int enter_returns(struct exit_context *ctx) {
  struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
  struct call_arguments arguments;
  read_arguments(&arguments);
  __s64 result = ctx->result;
  struct probe_call_key key = key_of(RECORD_CALL_ENTER, result);
  if (reached_ring(result))
    key.ctx = ring_behind(task, arguments.first, arguments.fourth & IORING_ENTER_REGISTERED_RING);
  if (key.ctx ? !ring_passes(key.ctx) : !process_passes() || !name_passes())
    return 0;
  struct probe_calls *found = count_call(&key);
  if (!found)
    return 0;
  if (arguments.fourth & IORING_ENTER_GETEVENTS)
    found->getevents_ns = found->last_ns;
  if (result > 0 && (__u32)arguments.second)
    found->sqes += result;
  found->fd = arguments.first;
  found->argument = arguments.second;
  found->minimum = arguments.third;
  found->flags = arguments.fourth;
  return 0;
}

/*
 * Counts io_uring_register calls that failed before they reached a ring. The tracepoint io_uring_register reports all
 * other calls, with their ring.
 */
SEC("tp/syscalls/sys_exit_io_uring_register")
int register_returns(struct exit_context *ctx) {
  if (ctx->result >= 0 || reached_ring(ctx->result) || !process_passes() || !name_passes())
    return 0;
  struct call_arguments arguments;
  read_arguments(&arguments);
  struct probe_call_key key = key_of(RECORD_CALL_REGISTER, ctx->result);
  key.detail = arguments.second;
  struct probe_calls *found = count_call(&key);
  if (!found)
    return 0;
  found->fd = arguments.first;
  found->argument = arguments.second;
  found->minimum = arguments.fourth;
  return 0;
}
