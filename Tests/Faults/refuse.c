/*
 * refuse program|map|link NAME|NUMBER ERROR COMMAND [ARGUMENT...]: runs a command and makes one of its bpf(2) calls
 * fail with the errno ERROR. The failing call is the one that creates the program, map or attachment (link) called
 * NAME, or the NUMBERth call of that kind. If the command repeats the call at once, the call fails again. A seccomp
 * filter reports each bpf(2) call of the command to this program.
 *
 * Exits with the command's status. The last line on standard error is {"calls":N,"refused":N,"name":"..."}.
 * refuse programs: prints the name, the number of instructions that the verifier processed, and the size of each of the
 * machine's BPF programs.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { PROGRAM, MAP, LINK };

static struct {
  enum kind kind;
  unsigned number; /* 0: selected by name */
  const char *name;
  int error;
} rule;

/* Counts of the calls of the rule's kind and of the refused calls, and the number and object name of the last refused
 * call. */
static unsigned calls, refused, last_call;
static char last[BPF_OBJ_NAME_LEN];

static long must(long result, const char *what) {
  if (result < 0) {
    fprintf(stderr, "refuse: %s: %s\n", what, strerror(errno));
    exit(125);
  }
  return result;
}

static int list_programs(void) {
  __u32 id = 0;
  while (bpf_prog_get_next_id(id, &id) == 0) {
    struct bpf_prog_info info = {0};
    __u32 size = sizeof(info);
    int program = bpf_prog_get_fd_by_id(id);
    if (program < 0)
      continue;
    if (bpf_obj_get_info_by_fd(program, &info, &size) == 0)
      printf("%s %u %u\n", info.name, info.verified_insns, info.xlated_prog_len / 8);
    close(program);
  }
  return 0;
}

/* True if the call is of the rule's kind. Copies the name of the program or map that the call creates, if any. */
static bool is_of_kind(const struct seccomp_notif *call, char *name) {
  union bpf_attr attributes = {0};
  struct iovec here = {&attributes, sizeof attributes},
               there = {(void *)(uintptr_t)call->data.args[1], call->data.args[2]};
  if (there.iov_len > sizeof attributes)
    there.iov_len = sizeof attributes;
  must(process_vm_readv((pid_t)call->pid, &here, 1, &there, 1, 0), "process_vm_readv");
  switch (call->data.args[0]) {
    case BPF_PROG_LOAD:
      memcpy(name, attributes.prog_name, BPF_OBJ_NAME_LEN);
      return rule.kind == PROGRAM;
    case BPF_MAP_CREATE:
      memcpy(name, attributes.map_name, BPF_OBJ_NAME_LEN);
      return rule.kind == MAP;
    case BPF_LINK_CREATE:
      /* a call without a target is libbpf's probe of the kernel's features */
      return rule.kind == LINK && attributes.link_create.target_fd != (__u32)-1;
    case BPF_RAW_TRACEPOINT_OPEN:
      return rule.kind == LINK;
    default:
      return false;
  }
}

static int judge(const struct seccomp_notif *call) {
  char name[BPF_OBJ_NAME_LEN] = "";
  if (!is_of_kind(call, name))
    return 0;
  calls++;
  bool is_again = refused && calls == last_call + 1 && *name && memcmp(last, name, sizeof last) == 0;
  if (!is_again && (rule.number ? rule.number != calls : strncmp(rule.name, name, BPF_OBJ_NAME_LEN - 1)))
    return 0;
  refused++;
  last_call = calls;
  memcpy(last, name, sizeof last);
  return -rule.error;
}

static void answer(int listener) {
  struct seccomp_notif call = {0};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
    return; /* the caller was killed */
  struct seccomp_notif_resp response = {.id = call.id, .error = judge(&call)};
  if (!response.error)
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Installs a seccomp filter, which reports all later bpf(2) calls of this process and its descendants to the returned
 * descriptor. */
static int report_calls(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  return (int)must(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program), "seccomp");
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "programs") == 0)
    return list_programs();
  if (count < 5) {
    fprintf(stderr, "usage: refuse program|map|link NAME|NUMBER ERROR COMMAND... | refuse programs\n");
    return 64;
  }
  rule.kind = strcmp(arguments[1], "program") == 0 ? PROGRAM : strcmp(arguments[1], "map") == 0 ? MAP : LINK;
  rule.number = (unsigned)atoi(arguments[2]);
  rule.name = arguments[2];
  rule.error = atoi(arguments[3]);

  int told[2], start[2];
  must(pipe(told) | pipe(start), "pipe");
  pid_t child = (pid_t)must(fork(), "fork");
  if (child == 0) {
    close(told[0]);
    close(start[1]);
    int listener = report_calls();
    char byte;
    if (write(told[1], &listener, sizeof listener) != sizeof listener || read(start[0], &byte, 1) != 1)
      _exit(125);
    close(told[1]);
    close(start[0]);
    execvp(arguments[4], &arguments[4]);
    _exit(127);
  }
  close(told[1]);
  close(start[0]);
  int handle = (int)must(syscall(SYS_pidfd_open, child, 0), "pidfd_open"), number;
  if (read(told[0], &number, sizeof number) != sizeof number)
    return 125;
  int listener = (int)must(syscall(SYS_pidfd_getfd, handle, number, 0), "pidfd_getfd");
  must(write(start[1], "", 1), "write");

  struct pollfd files[] = {{listener, POLLIN, 0}, {handle, POLLIN, 0}};
  while (poll(files, 2, -1) >= 0 && !files[1].revents)
    if (files[0].revents & POLLIN)
      answer(listener);
  int status;
  must(waitpid(child, &status, 0), "waitpid");
  fprintf(
      stderr, "{\"calls\":%u,\"refused\":%u,\"name\":\"%.*s\"}\n", calls, refused, (int)sizeof last, last);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
