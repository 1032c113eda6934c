// TRUTH: a ublk server (one queue, depth 1) reads its data from a backing file, which by mistake is the server's own
// device. A client's read occupies tag 0. To answer that read, the server submits READ 0xdb1 on the device. READ 0xdb1
// waits for a free tag, but the only tag is free again only after the server has answered. Cure: another backing file,
// as in the healthy twin (--healthy).
// Needs root and ublk_drv. Run it in a guest only, because an io-wq worker stays in uninterruptible sleep.
#include "case.h"
#include <linux/ublk_cmd.h>

#ifndef UBLK_F_CMD_IOCTL_ENCODE
#define UBLK_F_CMD_IOCTL_ENCODE (1ULL << 6)
#endif
// With this flag the kernel does not scan the device for partitions. Linux 7.x scans after START_DEV has completed,
// when this program does not serve the device yet. Older kernels ignore the flag.
#ifndef UBLK_F_NO_AUTO_PART_SCAN
#define UBLK_F_NO_AUTO_PART_SCAN (1ULL << 18)
#endif

enum { COMMAND = 48, BUFFER = 1 << 16, DEVICE = 1 << 20 };
#define CONTROL(number) _IOWR('u', number, struct ublksrv_ctrl_cmd)
#define IO(number) _IOWR('u', number, struct ublksrv_io_cmd)

static struct io_uring control, queue;
static int control_fd, device_fd;
static uint32_t device = UINT32_MAX;
static char *buffer;

static void send_control(unsigned number, void *data, size_t length, uint64_t argument) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(&control);
  memset(sqe, 0, 128);
  sqe->opcode = IORING_OP_URING_CMD;
  sqe->fd = control_fd;
  sqe->off = CONTROL(number);
  *(struct ublksrv_ctrl_cmd *)((char *)sqe + COMMAND) = (struct ublksrv_ctrl_cmd){
      .dev_id = device,
      .queue_id = (__u16)-1,
      .len = (__u16)length,
      .addr = (uintptr_t)data,
      .data = {argument},
  };
  URING(io_uring_submit(&control));
}

static void send_io(unsigned number, int result) {
  struct io_uring_sqe *sqe = next(&queue, 0xdb0);
  sqe->opcode = IORING_OP_URING_CMD;
  sqe->fd = device_fd;
  sqe->off = number;
  *(struct ublksrv_io_cmd *)((char *)sqe + COMMAND) =
      (struct ublksrv_io_cmd){.result = result, .addr = (uintptr_t)buffer};
  URING(io_uring_submit(&queue));
}

static const struct ublksrv_io_desc *open_device(void) {
  struct ublksrv_ctrl_dev_info info = {
      .nr_hw_queues = 1,
      .queue_depth = 1,
      .max_io_buf_bytes = BUFFER,
      .dev_id = UINT32_MAX,
      .ublksrv_pid = getpid(),
      .flags = UBLK_F_CMD_IOCTL_ENCODE | UBLK_F_NO_AUTO_PART_SCAN,
  };
  struct ublk_params parameters = {
      .len = sizeof parameters,
      .types = UBLK_PARAM_TYPE_BASIC,
      .basic =
          {.logical_bs_shift = 9,
           .physical_bs_shift = 12,
           .io_opt_shift = 12,
           .io_min_shift = 9,
           .max_sectors = BUFFER >> 9,
           .dev_sectors = DEVICE >> 9},
  };
  char path[32];
  send_control(UBLK_CMD_ADD_DEV, &info, sizeof info, 0);
  URING(take(&control).res);
  device = info.dev_id;
  send_control(UBLK_CMD_SET_PARAMS, &parameters, sizeof parameters, 0);
  URING(take(&control).res);
  snprintf(path, sizeof path, "/dev/ublkc%u", device);
  device_fd = (int)MUST(open(path, O_RDWR | O_CLOEXEC));
  void *descriptions =
      mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_POPULATE, device_fd, UBLKSRV_CMD_BUF_OFFSET);
  MUST(descriptions == MAP_FAILED ? -1 : 0);
  return descriptions;
}

int main(int argc, char **argv) {
  char path[32];
  struct io_uring_cqe *cqe;
  begin(argc, argv);
  control_fd = open("/dev/ublk-control", O_RDWR | O_CLOEXEC);
  if (control_fd < 0) {
    fprintf(stderr, "no /dev/ublk-control\n");
    return SKIPPED;
  }
  URING(io_uring_queue_init(8, &control, IORING_SETUP_SQE128));
  URING(io_uring_queue_init(8, &queue, 0));
  buffer = map(BUFFER);
  const struct ublksrv_io_desc *description = open_device();
  send_io(IO(UBLK_IO_FETCH_REQ), 0);
  send_control(UBLK_CMD_START_DEV, NULL, 0, (uint64_t)getpid());
  while (io_uring_peek_cqe(&control, &cqe)) { // serves the kernel's partition scan
    if (!io_uring_peek_cqe(&queue, &cqe)) {
      URING(take(&queue).res);
      send_io(IO(UBLK_IO_COMMIT_AND_FETCH_REQ), (int)(description->nr_sectors << 9));
    }
    pause_ms(1);
  }
  URING(take(&control).res);
  snprintf(path, sizeof path, "/dev/ublkb%u", device);
  fact("device", "%s", path);
  fact("thread", "%d", thread_id());
  int backing = healthy ? temporary_file(DEVICE) : (int)MUST(open(path, O_RDONLY | O_DIRECT | O_CLOEXEC));
  pid_t client = fork_child();
  if (!client) {
    // Closes the inherited rings of the server: a real client is another program and does not have them.
    close(queue.ring_fd);
    close(control.ring_fd);
    int fd = (int)MUST(open(path, O_RDONLY | O_DIRECT | O_CLOEXEC));
    do {
      MUST(pread(fd, buffer, 4096, 0));
      pause_ms(1000);
    } while (true);
  }
  fact("client", "%d", client);
  for (bool announced = false;; announced = true) {
    URING(take(&queue).res);
    io_uring_prep_read(
        next(&queue, 0xdb1), backing, buffer, (unsigned)(description->nr_sectors << 9),
        description->start_sector << 9);
    URING(io_uring_submit(&queue));
    truth("tag 0: %u sectors, read from %s", description->nr_sectors, healthy ? "a file" : path);
    if (!announced)
      ready();
    send_io(IO(UBLK_IO_COMMIT_AND_FETCH_REQ), URING(take(&queue).res));
  }
}
