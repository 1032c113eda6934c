// Submits one failing request for each of several errnos.
#include "program.h"

int main(int argc, char **argv) {
  static char buffer[64];
  static struct __kernel_timespec soon = {.tv_nsec = 1000000};
  begin("errors", &argc, argv);
  struct ring *ring = open_ring(32, 0);
  int directory = must(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC)), pair[2], file = temporary_file(100);
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  close(pair[1]);
  static struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "\0uringtop-nobody"};
  int client = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  static const int expected[] = {-EBADF,        -ENOENT, -EFAULT, -EINVAL,    -EISDIR, -EPIPE,   -ENOTSOCK,
                                 -ECONNREFUSED, -ETIME,  -EBADF,  -ECANCELED, -ENOENT, -ENOTDIR, -EBADF};
  static const char *const names[] = {"EBADF",     "ENOENT",   "EFAULT",       "EINVAL", "EISDIR",
                                      "EPIPE",     "ENOTSOCK", "ECONNREFUSED", "ETIME",  "EBADF",
                                      "ECANCELED", "ENOENT",   "ENOTDIR",      "EBADF"};
  enum { COUNT = sizeof expected / sizeof *expected };
  for (int i = 0; i < COUNT; i++) {
    struct io_uring_sqe *one = sqe(ring);
    switch (i) {
      case 0:
        io_uring_prep_read(one, 9999, buffer, 64, 0);
        break;
      case 1:
        io_uring_prep_openat(one, AT_FDCWD, "/no/such/file", O_RDONLY, 0);
        break;
      case 2:
        io_uring_prep_read(one, file, (void *)16, 64, 0);
        break;
      case 3:
        io_uring_prep_close(one, 9999);
        one->off = 1;
        break;
      case 4:
        io_uring_prep_read(one, directory, buffer, 64, 0);
        break;
      case 5:
        io_uring_prep_send(one, pair[0], buffer, 4, MSG_NOSIGNAL);
        break;
      case 6:
        io_uring_prep_recv(one, zero, buffer, 64, 0);
        break;
      case 7:
        io_uring_prep_connect(
            one, client, (struct sockaddr *)&nobody, offsetof(struct sockaddr_un, sun_path) + 16);
        break;
      case 8:
        io_uring_prep_timeout(one, &soon, 0, 0);
        break;
      case 9:
        io_uring_prep_read(one, 9999, buffer, 64, 0);
        one->flags = IOSQE_IO_LINK;
        break;
      case 10:
        io_uring_prep_nop(one);
        break;
      case 11:
        io_uring_prep_cancel64(one, 0xdead, 0);
        break;
      case 12:
        io_uring_prep_openat(one, AT_FDCWD, "/dev/zero/x", O_RDONLY, 0);
        break;
      case 13:
        io_uring_prep_write(one, zero, buffer, 4, 0);
        break; // `zero` is open for reading only
    }
    if (i == 9)
      continue;
    submit(ring);
    reap_all(ring);
  }
  for (int i = 0; i < COUNT; i++) {
    expect(truth->requests[i].user_data, expected[i]);
    truth->requests[i].note = names[i];
  }
  truth->requests[3].prep_failed = true;
  say("\"errors\":%d", COUNT);
  return finish();
}
