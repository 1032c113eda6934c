// SQE groups whose leader lends the memory of a ublk I/O to its members, on kernels patched with the SQE group series.
// Needs root and ublk_drv.
#include "program.h"
#include <linux/ublk_cmd.h>

#ifndef UBLK_F_USER_COPY
#define UBLK_F_USER_COPY (1ULL << 7)
#endif
#ifndef UBLK_F_CMD_IOCTL_ENCODE
#define UBLK_F_CMD_IOCTL_ENCODE (1ULL << 6)
#endif

enum { GROUP = IOSQE_SQE_GROUP, PROVIDE_GROUP_KBUF = 1 << 1, COMMAND = 48, SIZE = 8192, DEVICE = 1 << 18 };
#define CONTROL(number) _IOWR('u', number, struct ublksrv_ctrl_cmd)
#define IO(number) _IOWR('u', number, struct ublksrv_io_cmd)
#define PROVIDE_IO_BUF IO(0x23)

static struct ring *control, *queue;
static int control_fd, device_fd, file;
static uint32_t device;
static const struct ublksrv_io_desc *description;
static uint64_t fetch; // the command that waits for an I/O

// MARK: - The device

static uint64_t send_control(unsigned number, void *data, size_t length, uint64_t argument) {
  struct io_uring_sqe *command = sqe(control);
  command->opcode = IORING_OP_URING_CMD;
  command->fd = control_fd;
  command->off = CONTROL(number);
  *(struct ublksrv_ctrl_cmd *)((char *)command + COMMAND) = (struct ublksrv_ctrl_cmd){
      .dev_id = device,
      .queue_id = (__u16)-1,
      .len = (__u16)length,
      .addr = (uintptr_t)data,
      .data = {argument},
  };
  submit(control);
  return truth->requests[truth->request_count - 1].user_data;
}

static int32_t run_control(unsigned number, void *data, size_t length, uint64_t argument) {
  uint64_t command = send_control(number, data, length, argument);
  reap_done(control, command);
  return request(command)->res;
}

// Queues a ublk command for the only I/O in flight.
static struct io_uring_sqe *io_command(unsigned number, int queue_id, int result) {
  struct io_uring_sqe *command = sqe(queue);
  command->opcode = IORING_OP_URING_CMD;
  command->fd = device_fd;
  command->off = number;
  *(struct ublksrv_io_cmd *)((char *)command + COMMAND) =
      (struct ublksrv_io_cmd){.q_id = (__u16)queue_id, .result = result};
  return command;
}

static void open_device(void) {
  struct ublksrv_ctrl_dev_info info = {
      .nr_hw_queues = 1,
      .queue_depth = 1,
      .max_io_buf_bytes = 1 << 16,
      .dev_id = UINT32_MAX,
      .ublksrv_pid = getpid(),
      .flags = UBLK_F_SUPPORT_ZERO_COPY | UBLK_F_USER_COPY | UBLK_F_CMD_IOCTL_ENCODE,
  };
  device = UINT32_MAX;
  int32_t error = run_control(UBLK_CMD_ADD_DEV, &info, sizeof info, 0);
  check(!error, "ADD_DEV: %s", strerror(-error));
  device = info.dev_id;
  struct ublk_params parameters = {
      .len = sizeof parameters,
      .types = UBLK_PARAM_TYPE_BASIC,
      .basic =
          {.logical_bs_shift = 9,
           .physical_bs_shift = 12,
           .io_opt_shift = 12,
           .io_min_shift = 9,
           .max_sectors = (1 << 16) >> 9,
           .dev_sectors = DEVICE >> 9},
  };
  error = run_control(UBLK_CMD_SET_PARAMS, &parameters, sizeof parameters, 0);
  check(!error, "SET_PARAMS: %s", strerror(-error));
  char path[32];
  snprintf(path, sizeof path, "/dev/ublkc%u", device);
  device_fd = must(open(path, O_RDWR | O_CLOEXEC));
  description = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_POPULATE, device_fd, UBLKSRV_CMD_BUF_OFFSET);
  check(description != MAP_FAILED, "no descriptions of I/O");
}

// MARK: - Members

static uint64_t member(int opcode, int fd, unsigned offset, unsigned length, unsigned flags) {
  struct io_uring_sqe *member = sqe(queue);
  member->opcode = (__u8)opcode;
  member->fd = fd;
  member->addr = offset; // an offset within the leader's buffer
  member->len = length;
  member->flags = (__u8)flags;
  if (opcode == IORING_OP_READ || opcode == IORING_OP_WRITE)
    member->off = description->start_sector * 512 + offset;
  return member->user_data;
}

static uint64_t lend(int queue_id) {
  struct io_uring_sqe *leader = io_command(PROVIDE_IO_BUF, queue_id, 0);
  leader->flags = GROUP;
  leader->rw_flags = PROVIDE_GROUP_KBUF;
  return leader->user_data;
}

static unsigned io_size(void) {
  return description->nr_sectors * 512;
}
static bool is_read(void) {
  return ublksrv_get_op(description) == 0;
}

// Waits until ublk delivers an I/O. Returns false if the control command `pending` ends first.
static bool await_io(uint64_t pending) {
  struct io_uring_cqe *cqe;
  while (request(fetch)->end == IN_FLIGHT) {
    if (pending && !io_uring_peek_cqe(&control->uring, &cqe))
      reap_done(control, pending);
    if (pending && request(pending)->end != IN_FLIGHT)
      return false;
    struct __kernel_timespec moment = {.tv_nsec = 10000000};
    if (!io_uring_wait_cqe_timeout(&queue->uring, &cqe, &moment))
      reap(queue, 1);
  }
  expect(fetch, UBLK_IO_RES_OK);
  return true;
}

// Commits the I/O to ublk.
static void commit(int result) {
  fetch = io_command(IO(UBLK_IO_COMMIT_AND_FETCH_REQ), 0, result)->user_data;
  submit(queue);
}

static unsigned nr_buffers;
static char buffers[MAX_EXTRA];

// Adds the leader's buffer to the truth, and checks that the leader succeeded.
static void note_buffer(uint64_t leader) {
  size_t used = strlen(buffers);
  snprintf(
      buffers + used, sizeof buffers - used,
      "%s{\"leader\":\"0x%" PRIx64 "\",\"length\":%u,\"direction\":\"%s\"}", nr_buffers++ ? "," : "", leader,
      io_size(), is_read() ? "destination" : "source");
  expect(leader, 0);
}

// Serves the I/O with two members, each of which moves half of the data.
static void serve(void) {
  int opcode = is_read() ? IORING_OP_READ : IORING_OP_WRITE;
  unsigned half = io_size() / 2;
  uint64_t leader = lend(0), first = member(opcode, file, 0, half, GROUP),
           last = member(opcode, file, half, half, 0);
  submit(queue);
  reap_done(queue, leader);
  expect(first, (int)half);
  expect(last, (int)half);
  note_buffer(leader);
  commit((int)io_size());
}

// MARK: - Users of the device

struct io {
  pthread_t thread;
  char *data;
  bool writes;
  ssize_t done;
};

static void *do_io(void *pointer) {
  struct io *io = pointer;
  char path[32];
  snprintf(path, sizeof path, "/dev/ublkb%u", device);
  int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
  io->done = fd < 0 ? -errno : io->writes ? pwrite(fd, io->data, SIZE, 0) : pread(fd, io->data, SIZE, 0);
  close(fd);
  return NULL;
}

static void begin_io(struct io *io, bool writes) {
  if (!io->data)
    io->data = map_memory(SIZE);
  memset(io->data, writes ? 'w' : 0, SIZE);
  io->writes = writes;
  check(!pthread_create(&io->thread, NULL, do_io, io), "no thread");
  await_io(0);
  check(io_size() == SIZE && is_read() == !writes, "another I/O than expected");
}

static void end_io(struct io *io) {
  pthread_join(io->thread, NULL);
  check(io->done == SIZE, "the I/O ended with %zd", io->done);
}

// MARK: - Cases

static void wrong_members(struct io *io) {
  begin_io(io, false);
  // A member cannot write from the buffer of a read.
  uint64_t leader = lend(0), opposite = member(IORING_OP_WRITE, file, 0, 4096, GROUP),
           nop = member(IORING_OP_NOP, -1, 0, 0, 0);
  submit(queue);
  reap_done(queue, leader);
  expect(opposite, -EINVAL);
  expect(nop, 0);
  note_buffer(leader);

  uint64_t second = lend(0), outside = member(IORING_OP_READ, file, 4096, SIZE, GROUP),
           inside = member(IORING_OP_READ, file, 0, 4096, 0);
  submit(queue);
  reap_done(queue, second);
  expect(outside, -EFAULT);
  expect(inside, 4096);
  note_buffer(second);

  // The leader fails, because it names queue 1 and the device has only queue 0.
  uint64_t refused = lend(1), first = member(IORING_OP_READ, file, 0, 4096, GROUP),
           last = member(IORING_OP_NOP, -1, 0, 0, 0);
  submit(queue);
  reap_done(queue, refused);
  check(request(refused)->res < 0, "a buffer of another queue");
  expect(first, -ECANCELED);
  expect(last, -ECANCELED);
  serve();
  end_io(io);
}

static void sockets(struct io *io) {
  int ends[2];
  char *data = map_memory(SIZE);
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  begin_io(io, true);
  uint64_t leader = lend(0), send = member(IORING_OP_SEND, ends[0], 4096, 4096, GROUP),
           nop = member(IORING_OP_NOP, -1, 0, 0, 0);
  submit(queue);
  reap_done(queue, leader);
  expect(send, 4096);
  expect(nop, 0);
  note_buffer(leader);
  check(read(ends[1], data, SIZE) == 4096 && data[0] == 'w' && data[4095] == 'w', "other data was sent");
  commit(SIZE);
  end_io(io);

  // A member that waits keeps the leader's buffer alive.
  begin_io(io, false);
  leader = lend(0);
  uint64_t receive = member(IORING_OP_RECV, ends[0], 0, 4096, GROUP),
           read = member(IORING_OP_READ, file, 4096, 4096, 0);
  submit(queue);
  reap_done(queue, read);
  hold();
  memset(data, 's', 4096);
  must(write(ends[1], data, 4096));
  reap_done(queue, leader);
  expect(receive, 4096);
  expect(read, 4096);
  note_buffer(leader);
  commit(SIZE);
  end_io(io);
  check(io->data[0] == 's' && io->data[4095] == 's', "other data was received");
}

static bool has_groups(void) {
  uint64_t leader = member(IORING_OP_NOP, -1, 0, 0, GROUP);
  member(IORING_OP_NOP, -1, 0, 0, 0);
  submit(queue);
  reap_all(queue);
  return request(leader)->res == 0;
}

int main(int argc, char **argv) {
  begin("sqe_group_ublk", &argc, argv);
  truth->has_groups = true;
  static const struct ublksrv_io_desc none;
  description = &none;
  queue = open_ring(16, 0);
  if (!has_groups())
    skip("this kernel has no SQE groups");
  control_fd = open("/dev/ublk-control", O_RDWR | O_CLOEXEC);
  if (control_fd < 0)
    skip("no /dev/ublk-control: %s", strerror(errno));
  control = open_ring(4, IORING_SETUP_SQE128);
  file = temporary_file(DEVICE);
  open_device();

  fetch = io_command(IO(UBLK_IO_FETCH_REQ), 0, 0)->user_data;
  submit(queue);
  // Serves the kernel's reads of the partition table, until START_DEV completes.
  for (uint64_t start = send_control(UBLK_CMD_START_DEV, NULL, 0, (uint64_t)getpid()); await_io(start);)
    serve();

  struct io io = {0};
  begin_io(&io, false);
  serve();
  end_io(&io);
  check(io.data[0] == 'u' && io.data[SIZE - 1] == 'u', "other data was read");
  begin_io(&io, true);
  serve();
  end_io(&io);
  wrong_members(&io);
  sockets(&io);

  uint64_t stop_device = send_control(UBLK_CMD_STOP_DEV, NULL, 0, 0);
  reap_done(queue, fetch);
  reap_done(control, stop_device);
  expect(stop_device, 0);
  munmap((void *)description, 4096);
  close_ring(queue);
  close(device_fd);
  check(!run_control(UBLK_CMD_DEL_DEV, NULL, 0, 0), "DEL_DEV failed");
  say("\"kernel_buffers\":[%s]", buffers);
  return finish();
}
