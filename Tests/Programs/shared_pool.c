// Two rings of one task share the task's io-wq worker pool, which is limited to one bounded worker. An OPENAT of the
// first ring occupies this worker. Two more wait in the pool's queue: an OPENAT of the first ring, then an OPENAT of
// the second ring.
#include "program.h"

int main(int argc, char **argv) {
  enum { COUNT = 3 };
  begin("shared_pool", &argc, argv);
  struct ring *first = open_ring(8, 0), *second = open_ring(8, 0);
  unsigned limits[2] = {1, 1};
  must_uring(io_uring_register_iowq_max_workers(&first->uring, limits));
  char folder[] = "/tmp/uringtop-pool-XXXXXX", paths[COUNT][64];
  check(mkdtemp(folder) != NULL, "mkdtemp");
  for (int i = 0; i < COUNT; i++) {
    struct ring *ring = i < 2 ? first : second;
    snprintf(paths[i], sizeof paths[i], "%s/%d", folder, i);
    must(mkfifo(paths[i], 0600));
    struct io_uring_sqe *open = sqe(ring);
    io_uring_prep_openat(open, AT_FDCWD, paths[i], O_RDONLY, 0);
    open->flags = IOSQE_ASYNC;
    submit(ring);
  }
  hold();
  for (int i = 0; i < COUNT; i++)
    must(open(paths[i], O_RDWR | O_CLOEXEC));
  reap_all(first);
  reap_all(second);
  for (int i = 0; i < COUNT; i++)
    unlink(paths[i]);
  rmdir(folder);
  return finish();
}
