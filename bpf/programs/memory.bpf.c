// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * System calls that unmap, move or discard memory: munmap, mremap, madvise, and mmap with MAP_FIXED. While any of their
 * tracepoints has a program, every system call of every task takes the kernel's slow path. User space therefore
 * attaches these programs only if needed.
 *
 * Tracepoints of individual system calls accept only BPF_PROG_TYPE_TRACEPOINT, which cannot use bpf_rdonly_cast.
 */
#define CLAIMS_ATOMICALLY 1
#include "common/output.h"
#include "common/ring_filter.h"
#include "common/user_stacks.h"
#include "kernel/system_call.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#if defined(__TARGET_ARCH_x86)
#define NR_MMAP 9
#define NR_MUNMAP 11
#define NR_MREMAP 25
#define NR_MADVISE 28
#else
#define NR_MMAP 222
#define NR_MUNMAP 215
#define NR_MREMAP 216
#define NR_MADVISE 233
#endif

/* include/uapi/asm-generic/mman-common.h */
#define MAP_FIXED 0x10
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_REMOVE 9
#define MADV_DONTNEED_LOCKED 24

/* Start times of the memory system calls in progress, by thread. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, __u64);
} under_way SEC(".maps");

static __always_inline bool discards(__u64 advice) {
  return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE ||
         advice == MADV_DONTNEED_LOCKED;
}

SEC("tp/syscalls/sys_enter_munmap")
int call_begins(void *ctx) {
  if (!process_passes() || !name_passes())
    return 0;
  __u64 thread = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
  bpf_map_update_elem(&under_way, &thread, &now, BPF_ANY);
  return 0;
}

struct memory {
  __u64 address, length;
};

/* Reduces `memory` to the part that the call unmapped, moved or discarded; length 0 if none. Returns the call. */
static __always_inline enum record_memory_call effect(
    __s32 number, __s64 result, __u64 third, __u64 fourth, struct memory *memory) {
  bool has_failed = result < 0 && result >= -4095;
  enum record_memory_call call = RECORD_MEMORY_FOUND;
  switch (number) {
    case NR_MUNMAP:
      call = RECORD_MEMORY_MUNMAP;
      break;
    case NR_MADVISE:
      call = RECORD_MEMORY_MADVISE;
      if (!discards(third))
        memory->length = 0;
      break;
    case NR_MMAP:
      call = RECORD_MEMORY_MMAP;
      if (!(fourth & MAP_FIXED))
        memory->length = 0;
      break;
    case NR_MREMAP:
      call = RECORD_MEMORY_MREMAP;
      if ((__u64)result == memory->address) {
        /* resized in place: only the memory behind the new end was unmapped */
        __u64 kept = third < memory->length ? third : memory->length;
        memory->address += kept;
        memory->length -= kept;
      }
      break;
  }
  if (has_failed)
    memory->length = 0;
  return call;
}

SEC("tp/syscalls/sys_exit_munmap")
int call_ends(struct exit_context *ctx) {
  __u64 thread = bpf_get_current_pid_tgid();
  __u64 *began = bpf_map_lookup_elem(&under_way, &thread);
  if (!began)
    return 0;
  __u64 started = *began;
  bpf_map_delete_elem(&under_way, &thread);
  struct call_arguments arguments;
  read_arguments(&arguments);
  __s64 result = ctx->result;
  struct memory memory = {.address = arguments.first, .length = arguments.second};
  enum record_memory_call call = effect(ctx->number, result, arguments.third, arguments.fourth, &memory);
  if (call == RECORD_MEMORY_FOUND || !memory.length)
    return 0;
  long stack = user_stack_id(ctx);
  struct record_memory_change *record =
      RESERVE(record_memory_change, RECORD_MEMORY_CHANGE, 0, 0, RECORD_OPCODE_NONE);
  if (!record)
    return 0;
  record->started_ns = started;
  record->address = memory.address;
  record->length = memory.length;
  record->target = call == RECORD_MEMORY_MREMAP && (__u64)result != arguments.first ? result : 0;
  record->tgid = current_tgid();
  record->advice = call == RECORD_MEMORY_MADVISE ? arguments.third : 0;
  record->stack = stack < 0 ? 0 : stack + 1;
  record->call = call;
  record->is_discarded = 0;
  record->reserved[0] = 0;
  record->reserved[1] = 0;
  submit_record(record);
  return 0;
}
