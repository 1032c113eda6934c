// TRUTH: the program calls io_uring_setup every 500 ms. Each call fails, and the program prints no error. Argument
// `flags`: EINVAL, because IORING_SETUP_DEFER_TASKRUN needs IORING_SETUP_SINGLE_ISSUER. Argument `seccomp`: EPERM from
// a seccomp filter.
// Cure: set the missing flag; use a filter that allows io_uring_setup.
#include "case.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static void forbid_io_uring(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof code / sizeof *code, code};
  MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter));
}

int main(int argc, char **argv) {
  struct io_uring ring;
  bool filtered = !strcmp(begin(argc, argv), "seccomp");
  unsigned flags = filtered ? 0 : IORING_SETUP_DEFER_TASKRUN;
  if (filtered && !healthy)
    forbid_io_uring();
  for (unsigned i = 0;; i++) {
    int result = io_uring_queue_init(8, &ring, flags | (healthy ? IORING_SETUP_SINGLE_ISSUER : 0));
    if (i == 1) {
      truth("io_uring_setup: %d (%s)", result, result ? strerror(-result) : "a ring");
      ready();
    }
    pause_ms(500);
    if (!result)
      io_uring_queue_exit(&ring);
  }
}
