// iopoll [FILE]: makes O_DIRECT reads on an IORING_SETUP_IOPOLL ring. Without FILE it reads from a block device with
// poll queues (nvme with nvme.poll_queues=1, null_blk with poll_queues=1), and exits with status 77 if there is none.
#include <glob.h>
#include "program.h"

static bool polled(const char *device) {
  char path[300], value = '0';
  snprintf(path, sizeof path, "/sys/block/%s/queue/io_poll", device);
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, &value, 1) != 1)
    value = '0';
  close(fd);
  return value == '1';
}

int main(int argc, char **argv) {
  enum { COUNT = 16, SIZE = 4096 };
  begin("iopoll", &argc, argv);
  char path[300] = "";
  if (argc > 1)
    snprintf(path, sizeof path, "%s", argv[1]);
  glob_t found;
  if (!*path && !glob("/sys/block/*", 0, NULL, &found))
    for (size_t i = 0; i < found.gl_pathc && !*path; i++) {
      const char *device = strrchr(found.gl_pathv[i], '/') + 1;
      if (polled(device))
        snprintf(path, sizeof path, "/dev/%s", device);
    }
  if (!*path)
    skip("no block device with poll queues");
  int file = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (file < 0)
    skip("%s: %s", path, strerror(errno));
  struct ring *ring = open_ring(COUNT, IORING_SETUP_IOPOLL);
  char *buffer = aligned_alloc(SIZE, COUNT * SIZE);
  check(buffer, "no memory");
  for (int i = 0; i < COUNT; i++)
    io_uring_prep_read(sqe(ring), file, buffer + i * SIZE, SIZE, (__u64)i * SIZE);
  submit(ring);
  reap_all(ring);
  for (int i = 0; i < COUNT; i++) {
    if (truth->requests[i].res == -EOPNOTSUPP)
      skip("%s does not support polled I/O", path);
    expect(truth->requests[i].user_data, SIZE);
  }
  say("\"file\":\"%s\"", path);
  return finish();
}
