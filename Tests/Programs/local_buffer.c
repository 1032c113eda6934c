// Local buffers, a proposed kernel feature: an IORING_OP_LOCAL_BUF request (the leader) sets up a buffer. The later
// fixed-buffer requests of the same submission (the members) use this buffer, whatever buffer slot they name.
#include "program.h"
#include <linux/btf.h>

enum { MAX_LENT = 32, MAX_BORROWERS = 4, SIZE = 8192, NO_FD = 9999, TAG = 0x7a60 };

static char *buffer;
static struct ring *ring;
static int file, pipe_fds[2], opcode;
static struct lent {
  uint64_t leader, tag, members[MAX_BORROWERS];
  unsigned length, member_count;
  const char *conditions;
} lents[MAX_LENT];
static unsigned lent_count, tag_count;

// Returns the number of IORING_OP_LOCAL_BUF from the running kernel's BTF, or -1 if the kernel lacks it. The number
// cannot be a constant here, because other kernels use it for another opcode.
static int local_buffer_opcode(void) {
  // The number of bytes that follow a BTF type's header, by kind: `own` once per type, `each` for each of its `vlen`
  // entries.
  static const unsigned char
      own[] = {[BTF_KIND_INT] = 4, [BTF_KIND_ARRAY] = 12, [BTF_KIND_VAR] = 4, [17] = 4},
      each[] = {[BTF_KIND_STRUCT] = 12,    [BTF_KIND_UNION] = 12,   [BTF_KIND_ENUM] = 8,
                [BTF_KIND_FUNC_PROTO] = 8, [BTF_KIND_DATASEC] = 12, [19] = 12};
  int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC), found = -1;
  struct stat status;
  if (fd < 0 || fstat(fd, &status))
    return -1;
  char *data = malloc((size_t)status.st_size);
  check(data, "no memory");
  size_t size = 0;
  for (ssize_t got; (got = read(fd, data + size, (size_t)status.st_size - size)) > 0;)
    size += (size_t)got;
  close(fd);
  const struct btf_header *header = (void *)data;
  check(size > sizeof *header && header->magic == BTF_MAGIC, "the kernel's BTF cannot be read");
  const char *next = data + header->hdr_len + header->type_off, *end = next + header->type_len;
  const char *names = data + header->hdr_len + header->str_off;
  while (next < end && found < 0) {
    const struct btf_type *type = (void *)next;
    unsigned kind = BTF_INFO_KIND(type->info), count = BTF_INFO_VLEN(type->info);
    const struct btf_enum *values = (void *)(type + 1);
    for (unsigned i = 0; kind == BTF_KIND_ENUM && i < count; i++)
      if (!strcmp(names + values[i].name_off, "IORING_OP_LOCAL_BUF"))
        found = values[i].val;
    next +=
        sizeof *type + (kind < sizeof own ? own[kind] : 0) + (kind < sizeof each ? each[kind] * count : 0);
  }
  free(data);
  return found;
}

// Queues a leader. If `tag` is not 0, the kernel posts a CQE with `tag` as user_data when it releases the leader's
// buffer.
static uint64_t lend(void *address, unsigned length, uint64_t tag, unsigned flags) {
  struct io_uring_sqe *one = sqe(ring);
  one->opcode = (__u8)opcode;
  one->fd = -1;
  one->addr = (uintptr_t)address;
  one->len = length;
  one->off = tag;
  one->flags = (__u8)flags;
  return one->user_data;
}

// Adds a local buffer to the truth.
static struct lent *lent(uint64_t leader, unsigned length, uint64_t tag) {
  check(lent_count < MAX_LENT, "too many buffers");
  struct lent *one = &lents[lent_count++];
  *one = (struct lent){.leader = leader, .length = length, .tag = tag, .conditions = ""};
  tag_count += tag != 0;
  return one;
}

static struct lent *provide(unsigned length, uint64_t tag, unsigned flags) {
  return lent(lend(buffer, length, tag, flags), length, tag);
}

static uint64_t fixed(bool write, int fd, unsigned offset, unsigned length, unsigned flags) {
  struct io_uring_sqe *one = sqe(ring);
  if (write)
    io_uring_prep_write_fixed(one, fd, buffer + offset, length, 0, 0);
  else
    io_uring_prep_read_fixed(one, fd, buffer + offset, length, 0, 0);
  one->flags |= (__u8)flags;
  return one->user_data;
}

static uint64_t borrow(
    struct lent *from, bool write, int fd, unsigned offset, unsigned length, unsigned flags) {
  uint64_t member = fixed(write, fd, offset, length, flags);
  from->members[from->member_count++] = member;
  return member;
}

static void nop(void) {
  io_uring_prep_nop(sqe(ring));
}

// Submits, then waits for all requests and for the tag CQEs of the released buffers.
static void run(void) {
  submit(ring);
  reap_all(ring);
  while (truth->aux_cqes < tag_count)
    reap(ring, 1);
}

static void used(void) {
  // A chain: a read into the local buffer and a write from it. Both name slot 0 of the ring's buffer table, which is
  // empty.
  struct lent *one = provide(SIZE, TAG, 0);
  uint64_t read = borrow(one, false, file, 0, SIZE, IOSQE_IO_LINK),
           write = borrow(one, true, file, 0, SIZE, 0);
  run();
  expect(one->leader, 0);
  expect(read, SIZE);
  expect(write, SIZE);
  check(truth->aux[0].user_data == TAG, "wrong tag");

  // The NOP between the members is not a member. Members keep the buffer alive even while io-wq workers execute them.
  one = provide(SIZE, 0, 0);
  read = borrow(one, false, file, 0, 4096, IOSQE_ASYNC);
  nop();
  write = borrow(one, true, file, 4096, 4096, IOSQE_ASYNC);
  run();
  expect(read, 4096);
  expect(write, 4096);

  // The leader is linked to its member.
  one = provide(4096, TAG + 1, IOSQE_IO_LINK);
  read = borrow(one, false, file, 0, 4096, 0);
  run();
  expect(read, 4096);

  provide(4096, TAG + 2, 0)->conditions = "\"unused\"";
  nop();
  run();
}

// The requests before and after the local buffer name the same buffer slot as the member, and use the ring's registered
// buffer in that slot.
static void beside_a_slot(void) {
  struct iovec vector = {buffer, SIZE};
  must_uring(io_uring_register_buffers(&ring->uring, &vector, 1));
  uint64_t before = fixed(false, file, 0, 100, 0);
  struct lent *one = provide(4096, TAG + 3, 0);
  uint64_t inside = borrow(one, false, file, 0, 4096, 0);
  run();
  uint64_t after = fixed(false, file, 0, 200, 0);
  run();
  expect(before, 100);
  expect(inside, 4096);
  expect(after, 200);
  must_uring(io_uring_unregister_buffers(&ring->uring));
}

static void misused(void) {
  struct lent *one = provide(4096, 0, 0);
  uint64_t beyond = borrow(one, false, file, 4096, 10, 0), whole = borrow(one, false, file, 0, 4096, 0);
  one->conditions = "\"member_failed\",\"out_of_range\"";
  run();
  expect(beyond, -EFAULT);
  expect(whole, 4096);

  // A read that requests more bytes than the file has after the read's offset.
  one = provide(SIZE, 0, 0);
  struct io_uring_sqe *short_one = sqe(ring);
  io_uring_prep_read_fixed(short_one, file, buffer, SIZE, 4096, 0);
  one->members[one->member_count++] = short_one->user_data;
  one->conditions = "\"partly_filled\",\"short_member\"";
  run();
  expect(one->members[0], 4096);

  one = provide(4096, TAG + 4, 0);
  uint64_t failed = borrow(one, false, NO_FD, 0, 4096, IOSQE_IO_LINK),
           cancelled = borrow(one, true, file, 0, 4096, 0);
  one->conditions = "\"member_failed\",\"members_cancelled\",\"partly_filled\"";
  run();
  expect(failed, -EBADF);
  expect(cancelled, -ECANCELED);

  // A submission can have only one local buffer. The second leader therefore fails, and its failure ends the submission
  // and the first local buffer. The next request is in a new submission and finds an empty buffer slot.
  one = provide(4096, 0, 0);
  uint64_t inside = borrow(one, true, file, 0, 4096, 0), second = lend(buffer, 4096, 0, 0);
  uint64_t outside = fixed(false, file, 0, 4096, 0);
  run();
  expect(inside, 4096);
  expect(second, -EBUSY);
  expect(outside, -EFAULT);
  request(second)->prep_failed = true;
  uint64_t nothing = lend(NULL, 0, 0, 0);
  run();
  expect(nothing, -EFAULT);
  request(nothing)->prep_failed = true;
}

static void say_lent(void) {
  truth->extra[0] = 0;
  say("\"local_buffers\":[");
  for (unsigned i = 0; i < lent_count; i++) {
    size_t end = strlen(truth->extra);
    int used = snprintf(
        truth->extra + end, MAX_EXTRA - end,
        "%s{\"leader\":\"0x%" PRIx64 "\",\"address\":\"0x%" PRIx64 "\",\"length\":%u,\"tag\":\"0x%" PRIx64
        "\",\"conditions\":[%s],\"members\":[",
        i ? "," : "", lents[i].leader, (uint64_t)(uintptr_t)buffer, lents[i].length, lents[i].tag,
        lents[i].conditions);
    end += (size_t)used;
    for (unsigned j = 0; j < lents[i].member_count; j++)
      end += (size_t)snprintf(
          truth->extra + end, MAX_EXTRA - end, "%s\"0x%" PRIx64 "\"", j ? "," : "", lents[i].members[j]);
    snprintf(truth->extra + end, MAX_EXTRA - end, "]}");
  }
  snprintf(truth->extra + strlen(truth->extra), MAX_EXTRA - strlen(truth->extra), "]");
}

// Holds a member in flight long after the leader's submission has ended.
static void waiting(void) {
  struct lent *one = provide(4096, TAG + 5, 0);
  uint64_t done = borrow(one, true, file, 0, 4096, 0), waits = borrow(one, false, pipe_fds[0], 0, 4096, 0);
  one->conditions = "\"short_member\"";
  submit(ring);
  struct lent *next = provide(4096, 0, 0);
  uint64_t other = borrow(next, true, file, 0, 4096, 0);
  submit(ring);
  reap_done(ring, done);
  reap_done(ring, other);
  reap_done(ring, one->leader);
  reap_done(ring, next->leader);
  say_lent();
  hold();
  put(pipe_fds[1], "filled");
  reap_done(ring, waits);
  while (truth->aux_cqes < tag_count)
    reap(ring, 1);
  expect(waits, 6);
}

int main(int argc, char **argv) {
  begin("local_buffer", &argc, argv);
  opcode = local_buffer_opcode();
  if (opcode < 0)
    skip("this kernel has no IORING_OP_LOCAL_BUF");
  buffer = map_memory(SIZE);
  ring = open_ring(16, 0);
  file = temporary_file(SIZE);
  make_pipe(pipe_fds);
  used();
  beside_a_slot();
  misused();
  waiting();
  say_lent();
  return finish();
}
