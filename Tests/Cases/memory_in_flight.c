// TRUTH: the program changes the memory mapping of a request in flight. Argument `remap`: the program unmaps the buffer
// of READ 0x1201 and maps other memory at its address, which the READ will overwrite. Argument `mremap`: the program
// moves the buffer of READ 0x1202 to another address. Argument `discard`: the program calls madvise(MADV_DONTNEED) on
// the registered buffer of READ_FIXED 0x1203. The READ_FIXED will fill the pinned pages, which the process no longer
// maps.
// Cure: do not change the mapping until the CQE has been taken.
#include "case.h"

int main(int argc, char **argv) {
  struct io_uring ring;
  int pipe_[2];
  const char *how = begin(argc, argv);
  URING(io_uring_queue_init(8, &ring, 0));
  MUST(pipe2(pipe_, O_CLOEXEC));
  char *buffer = map(4096), *other = map(4096);
  fact("address", "%lx", (unsigned long)buffer);
  if (!strcmp(how, "discard")) {
    struct iovec vector = {buffer, 4096};
    URING(io_uring_register_buffers(&ring, &vector, 1));
    io_uring_prep_read_fixed(next(&ring, 0x1203), pipe_[0], buffer, 4096, 0, 0);
  } else {
    io_uring_prep_read(next(&ring, strcmp(how, "mremap") ? 0x1201 : 0x1202), pipe_[0], buffer, 4096, 0);
  }
  URING(io_uring_submit(&ring));
  pause_ms(200);
  char *target = healthy ? other : buffer;
  if (!strcmp(how, "discard")) {
    MUST(madvise(target, 4096, MADV_DONTNEED));
  } else if (!strcmp(how, "mremap")) {
    void *elsewhere = map(4096);
    MUST(mremap(target, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere) == MAP_FAILED ? -1 : 0);
  } else {
    MUST(munmap(target, 4096));
    char *precious =
        mmap(target, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    strcpy(precious, "precious");
  }
  truth("%s of %p; the request's buffer is %p", how, (void *)target, (void *)buffer);
  ready();
  return wait_in_vain(&ring);
}
