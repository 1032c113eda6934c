// Registered files (some without an open descriptor), registered buffers, and partly used groups of provided buffers
// (classic groups and buffer rings). Waiting requests hold some of the files and buffers. Prints the ready line, with
// the number of references to each file and buffer, and keeps this state until standard input closes or SIGTERM
// arrives.
#include "program.h"

enum { FILES = 8, SIZE = 64 };

static char memory[4][SIZE];

static void read_into(struct ring *ring, int file, int buffer) {
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read_fixed(read, file, memory[buffer], SIZE, 0, buffer);
  read->flags = IOSQE_FIXED_FILE;
}

static void receive(struct ring *ring, int fd, int group) {
  struct io_uring_sqe *recv = sqe(ring);
  io_uring_prep_recv(recv, fd, NULL, SIZE, 0);
  recv->flags = IOSQE_BUFFER_SELECT;
  recv->buf_group = (__u16)group;
}

static void provide(struct ring *ring, int group, int count) {
  static char classic[8][SIZE];
  io_uring_prep_provide_buffers(sqe(ring), classic, SIZE, count, group, 0);
  submit(ring);
  reap_all(ring);
}

static void provide_ring(struct ring *ring, int group, int entries, int count) {
  struct io_uring_buf_ring *buffers = map_memory(4096 + (size_t)entries * SIZE);
  struct io_uring_buf_reg registration = {
      .ring_addr = (uintptr_t)buffers, .ring_entries = (__u32)entries, .bgid = (__u16)group};
  must_uring(io_uring_register_buf_ring(&ring->uring, &registration, 0));
  for (int i = 0; i < count; i++)
    io_uring_buf_ring_add(
        buffers, (char *)buffers + 4096 + i * SIZE, SIZE, (unsigned short)i, io_uring_buf_ring_mask(entries),
        i);
  io_uring_buf_ring_advance(buffers, count);
}

static unsigned long inode(int fd) {
  struct stat status;
  must(fstat(fd, &status));
  return status.st_ino;
}

int main(int argc, char **argv) {
  begin("registered", &argc, argv);
  struct ring *ring = open_ring(16, 0);
  int pipes[3][2], sockets[2];
  make_pipe(pipes[0]);
  make_pipe(pipes[1]);
  make_pipe(pipes[2]);
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
  int null = must(open("/dev/null", O_RDONLY | O_CLOEXEC));
  int zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  int files[FILES] = {pipes[0][0], sockets[0], zero, pipes[1][0], pipes[2][1], null, -1, -1};
  must_uring(io_uring_register_files(&ring->uring, files, FILES));
  say("\"files\":{\"0\":{\"name\":\"pipe:[%lu]\",\"references\":2},\"1\":{\"name\":\"socket:[%lu]\",\"references\":2},"
      "\"2\":{\"name\":\"/dev/zero\",\"references\":0},\"3\":{\"name\":\"pipe:[%lu]\",\"references\":1},"
      "\"4\":{\"name\":\"pipe:[%lu]\",\"references\":0},"
      "\"5\":{\"name\":\"/dev/null\",\"references\":0}}",
      inode(pipes[0][0]), inode(sockets[0]), inode(pipes[1][0]), inode(pipes[2][1]));
  struct iovec vectors[4];
  for (int i = 0; i < 4; i++)
    vectors[i] = (struct iovec){memory[i], SIZE};
  must_uring(io_uring_register_buffers(&ring->uring, vectors, 4));

  // Buffers left in each group after the three receives below: 4 - 1; 2; 5 - 2 of 8 entries; 16 of 16; 0 of 4.
  provide(ring, 1, 4);
  provide(ring, 300, 2);
  provide_ring(ring, 2, 8, 5);
  provide_ring(ring, 1000, 16, 16);
  provide_ring(ring, 70, 4, 0);
  for (int i = 0; i < 3; i++) {
    put(sockets[1], "text");
    receive(ring, sockets[0], i == 0 ? 1 : 2);
    submit(ring);
    reap_all(ring);
  }
  say("\"groups\":{\"1\":{\"left\":3,\"entries\":0},\"300\":{\"left\":2,\"entries\":0},\"2\":{\"left\":3,\"entries\":8},"
      "\"1000\":{\"left\":16,\"entries\":16},\"70\":{\"left\":0,\"entries\":4}}");

  must(close(sockets[0]));
  must(close(pipes[1][0]));
  must(close(pipes[2][1]));
  must(close(zero));
  must(close(null));
  read_into(ring, 0, 0);
  read_into(ring, 0, 0);
  struct io_uring_sqe *poll = sqe(ring), *recv = sqe(ring);
  io_uring_prep_poll_add(poll, 1, POLLIN);
  poll->flags = IOSQE_FIXED_FILE;
  io_uring_prep_recv(recv, 1, memory[3], SIZE, 0);
  recv->flags = IOSQE_FIXED_FILE;
  read_into(ring, 3, 2);
  // The only write end of this pipe is a registered file.
  io_uring_prep_poll_add(sqe(ring), pipes[2][0], POLLIN);
  say("\"buffers\":{\"0\":2,\"1\":0,\"2\":1,\"3\":0}");
  submit(ring);
  return finish();
}
