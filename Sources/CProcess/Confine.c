/* Privileges that the process gives up: capabilities, and system calls that it does not need (seccomp).
 *
 * A refused call fails with EPERM. The lists contain the refused calls rather than the permitted ones. So a system call
 * that a new version of a C library begins to use is not refused by mistake. */
#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* O_TMPFILE without O_DIRECTORY; some systems' headers do not define it. */
#ifndef __O_TMPFILE
#define __O_TMPFILE 020000000
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* Calls that are never needed. They execute programs, open connections, access other processes' memory, or configure
 * the machine. */
static const unsigned short never[] = {
    SYS_execve,
    SYS_execveat,
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_userfaultfd,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_setns,
    SYS_unshare,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_open_by_handle_at,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
};

static const unsigned short accepts[] = {
    SYS_accept,
    SYS_accept4,
};

/* Calls that a capture needs, but the reader of a recording does not. */
static const unsigned short live_only[] = {
    SYS_bpf,
    SYS_perf_event_open,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_kill,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_capset,
    SYS_mknodat,
    SYS_symlinkat,
#if defined(__x86_64__)
    SYS_mknod,
    SYS_symlink,
#endif
};

static const unsigned short opens[] = {
    SYS_openat2,
#if defined(__x86_64__)
    SYS_open,
    SYS_creat,
#endif
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#ifdef ARCHITECTURE
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)

struct program {
  struct sock_filter filter[2 * (COUNT(never) + COUNT(accepts) + COUNT(live_only) + COUNT(opens)) + 24];
  unsigned short length;
};

static void add(
    struct program *program, unsigned short code, unsigned value, unsigned char yes, unsigned char no) {
  program->filter[program->length++] = (struct sock_filter){code, yes, no, value};
}

static void load(struct program *program, size_t offset) {
  add(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void end(struct program *program, unsigned action) {
  add(program, BPF_RET | BPF_K, action, 0, 0);
}

static void refuse(struct program *program, const unsigned short *calls, size_t count) {
  for (size_t i = 0; i < count; i++) {
    add(program, BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
    end(program, REFUSE);
  }
}

/* Refuses openat. With allows_writing, permits O_WRONLY, O_DIRECTORY, O_PATH and O_TMPFILE, unless O_RDWR is set. */
static void refuse_reading(struct program *program, bool allows_writing) {
  add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, allows_writing ? 5 : 1);
  if (allows_writing) {
    /* Loads the low half of the flags: the architectures listed above are little-endian. */
    load(program, offsetof(struct seccomp_data, args[2]));
    add(program, BPF_JMP | BPF_JSET | BPF_K, O_RDWR, 2, 0);
    add(program, BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_DIRECTORY | O_PATH | __O_TMPFILE, 0, 1);
    end(program, SECCOMP_RET_ALLOW);
  }
  end(program, REFUSE);
}

bool process_refuse_calls(enum process_work work) {
  struct program program = {.length = 0};
  load(&program, offsetof(struct seccomp_data, arch));
  add(&program, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
  end(&program, REFUSE);
  load(&program, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
  add(&program, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* numbers of x32 system calls */
  end(&program, REFUSE);
#endif
  refuse(&program, never, COUNT(never));
  if (work != PROCESS_SERVES)
    refuse(&program, accepts, COUNT(accepts));
  if (work != PROCESS_CAPTURES && work != PROCESS_SERVES)
    refuse(&program, live_only, COUNT(live_only));
  if (work == PROCESS_READS || work == PROCESS_READS_AND_WRITES) {
    refuse(&program, opens, COUNT(opens));
    refuse_reading(&program, work == PROCESS_READS_AND_WRITES);
  }
  end(&program, SECCOMP_RET_ALLOW);

  tzset(); /* reads the time zone's file now, because openat may be refused later */
  struct sock_fprog filter = {.len = program.length, .filter = program.filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

bool process_can_refuse_calls(void) {
  unsigned action = SECCOMP_RET_ERRNO;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
#else
bool process_refuse_calls(enum process_work work) {
  (void)work;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && false;
}

bool process_can_refuse_calls(void) {
  return false;
}
#endif

static struct __user_cap_header_struct header(void) {
  return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
}

uint64_t process_capabilities(void) {
  struct __user_cap_header_struct head = header();
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
  if (syscall(SYS_capget, &head, sets))
    return 0;
  return sets[0].effective | (uint64_t)sets[1].effective << 32;
}

bool process_keep_capabilities(uint64_t kept) {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
    if (!(kept >> number & 1))
      prctl(PR_CAPBSET_DROP, number, 0, 0, 0); /* needs CAP_SETPCAP */
  struct __user_cap_header_struct head = header();
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
  if (syscall(SYS_capget, &head, sets))
    return false;
  for (int half = 0; half < 2; half++) {
    sets[half].permitted &= (uint32_t)(kept >> 32 * half);
    sets[half].effective &= (uint32_t)(kept >> 32 * half);
    sets[half].inheritable = 0;
  }
  head = header();
  return syscall(SYS_capset, &head, sets) == 0;
}
