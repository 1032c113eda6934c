#include "CBPF.h"

#include <errno.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

int cbpf_unmounted_tracefs(void) {
  int context = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
  if (context < 0)
    return -errno;
  int tracefs = -1;
  if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
    tracefs = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
  int error = errno;
  close(context);
  return tracefs < 0 ? -error : tracefs;
}

struct bpf_link *cbpf_attach_tracepoint(const struct bpf_program *program, uint64_t identifier) {
  struct perf_event_attr event = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof event, .config = identifier};
  int descriptor = (int)syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
  if (descriptor < 0)
    return NULL;
  struct bpf_link *link = bpf_program__attach_perf_event(program, descriptor);
  if (!link) {
    int error = errno;
    close(descriptor);
    errno = error;
  }
  return link;
}
