// SQE groups (IOSQE_SQE_GROUP: a leader and its members), on kernels patched with the SQE group series. The groups are
// alone, in chains, with a failure at each position, cut off by the end of the submission, or with waiting members.
#include "program.h"

enum {
  GROUP = IOSQE_SQE_GROUP,
  LINK = IOSQE_IO_LINK,
  SKIP = IOSQE_CQE_SKIP_SUCCESS,
  NO_FD = 9999,
  NO_OPCODE = 250
};

static char *buffer;
static struct ring *ring;
static int file;

static uint64_t nop(unsigned flags) {
  struct io_uring_sqe *nop = sqe(ring);
  io_uring_prep_nop(nop);
  nop->flags = (__u8)flags;
  return nop->user_data;
}

static uint64_t read_from(int fd, unsigned length, unsigned flags) {
  struct io_uring_sqe *read = sqe(ring);
  io_uring_prep_read(read, fd, buffer, length, 0);
  read->flags = (__u8)flags;
  return read->user_data;
}

static uint64_t unknown(unsigned flags) {
  struct io_uring_sqe *unknown = sqe(ring);
  unknown->opcode = NO_OPCODE;
  unknown->fd = -1;
  unknown->flags = (__u8)flags;
  return unknown->user_data;
}

// Submits, waits for all requests, and checks that each leader's CQE came after those of its members.
static void run(void) {
  unsigned first = truth->request_count, left = submit(ring), order[64] = {0}, place = 0;
  for (unsigned i = first; i < truth->request_count; i++)
    left -= !!(truth->requests[i].flags & SKIP);
  while (left--) {
    struct io_uring_cqe *cqe;
    must_uring(io_uring_wait_cqe(&ring->uring, &cqe));
    order[request(cqe->user_data) - &truth->requests[first]] = ++place;
    record(ring, cqe);
    io_uring_cqe_seen(&ring->uring, cqe);
  }
  for (unsigned i = first; i < truth->request_count; i++) {
    const struct request *member = &truth->requests[i], *leader = request(member->group);
    if (!leader || leader == member || (leader->flags & SKIP))
      continue;
    check(
        order[i - first] < order[leader - &truth->requests[first]],
        "the leader's CQE was before that of its member 0x%" PRIx64, member->user_data);
  }
}

static void expect_all(unsigned count, const uint64_t *requests, const int *results) {
  for (unsigned i = 0; i < count; i++)
    expect(requests[i], results[i]);
}

// Checks the results of the requests, in the order of the array.
#define EXPECT(requests, ...) \
  do { \
    const int results_[] = {__VA_ARGS__}; \
    _Static_assert(sizeof results_ / sizeof *results_ == sizeof(requests) / sizeof *(requests), "results"); \
    expect_all(sizeof results_ / sizeof *results_, requests, results_); \
  } while (0)

static void plain(void) {
  uint64_t group[] = {nop(GROUP), read_from(file, 100, GROUP), read_from(file, 50, 0)};
  submit(ring);
  reap_all(ring);
  if (request(group[0])->res == -EINVAL)
    skip("this kernel has no SQE groups");
  EXPECT(group, 0, 100, 50);

  // The first SQE without IOSQE_SQE_GROUP is a group's last member. Other requests of the submission are not members.
  uint64_t beside[] = {nop(0), read_from(file, 10, GROUP), nop(0), nop(0)};
  run();
  EXPECT(beside, 0, 10, 0, 0);
  uint64_t two[] = {nop(GROUP), nop(0), nop(GROUP), nop(GROUP), nop(0)};
  run();
  EXPECT(two, 0, 0, 0, 0, 0);
  // The end of the submission also ends a group.
  uint64_t cut[] = {nop(GROUP), nop(GROUP)};
  run();
  uint64_t next[] = {nop(GROUP), nop(0)};
  run();
  EXPECT(cut, 0, 0);
  EXPECT(next, 0, 0);
  uint64_t workers[] = {
      read_from(file, 20, GROUP | IOSQE_ASYNC), read_from(file, 30, GROUP | IOSQE_ASYNC), nop(0)};
  run();
  EXPECT(workers, 20, 30, 0);
  uint64_t quiet[] = {nop(GROUP | SKIP), nop(GROUP), nop(0)};
  run();
  check(request(quiet[0])->cqes == 0, "the leader has a CQE in spite of CQE_SKIP_SUCCESS");
  request(quiet[0])->end = END_SKIPPED;
  expect(quiet[1], 0);
  expect(quiet[2], 0);
}

// Members have buffers of their own: they do not use their leader's registered buffer.
static void registered(void) {
  struct iovec vector = {buffer, 4096};
  must_uring(io_uring_register_buffers(&ring->uring, &vector, 1));
  struct io_uring_sqe *fixed = sqe(ring);
  io_uring_prep_read_fixed(fixed, file, buffer, 100, 0, 0);
  fixed->flags |= GROUP;
  uint64_t leader = fixed->user_data, first = read_from(file, 60, GROUP);
  fixed = sqe(ring);
  io_uring_prep_read_fixed(fixed, file, buffer, 70, 0, 0);
  uint64_t last = fixed->user_data;
  run();
  expect(leader, 100);
  expect(first, 60);
  expect(last, 70);
  must_uring(io_uring_unregister_buffers(&ring->uring));
}

static void chains(void) {
  uint64_t nested[] = {nop(LINK), nop(GROUP | LINK), read_from(file, 40, GROUP), nop(0), nop(0)};
  run();
  EXPECT(nested, 0, 0, 40, 0, 0);
  uint64_t both[] = {nop(GROUP | LINK), nop(GROUP), nop(0), nop(GROUP), nop(GROUP), nop(0)};
  run();
  EXPECT(both, 0, 0, 0, 0, 0, 0);
  uint64_t before[] = {read_from(NO_FD, 10, LINK), nop(GROUP | LINK), nop(GROUP), nop(0), nop(0)};
  run();
  EXPECT(before, -EBADF, -ECANCELED, -ECANCELED, -ECANCELED, -ECANCELED);
  uint64_t within[] = {nop(GROUP | LINK), read_from(NO_FD, 10, GROUP), nop(0), nop(0)};
  run();
  EXPECT(within, 0, -EBADF, 0, -ECANCELED);
}

static void failing(void) {
  uint64_t leader[] = {read_from(NO_FD, 10, GROUP), nop(GROUP), nop(0)};
  run();
  EXPECT(leader, -EBADF, -ECANCELED, -ECANCELED);
  uint64_t member[] = {nop(GROUP), read_from(NO_FD, 10, GROUP), nop(0)};
  run();
  EXPECT(member, 0, -EBADF, 0);
  uint64_t skips[] = {nop(GROUP), nop(GROUP | SKIP), nop(0)};
  submit(ring);
  reap(ring, 3);
  EXPECT(skips, -EINVAL, -ECANCELED, -ECANCELED);

  uint64_t refused[] = {unknown(GROUP), nop(GROUP), nop(0)};
  run();
  EXPECT(refused, -EINVAL, -ECANCELED, -ECANCELED);
  request(refused[0])->prep_failed = true;
  uint64_t middle[] = {nop(GROUP), unknown(GROUP), nop(0)};
  run();
  EXPECT(middle, -ECANCELED, -EINVAL, -ECANCELED);
  request(middle[1])->prep_failed = true;
  uint64_t last[] = {nop(GROUP), nop(GROUP), unknown(0)};
  run();
  EXPECT(last, -ECANCELED, -ECANCELED, -EINVAL);
  request(last[2])->prep_failed = true;
}

static void waiting(void) {
  int leaders[2], members[2];
  make_pipe(leaders);
  make_pipe(members);
  uint64_t leader[] = {read_from(leaders[0], 5, GROUP), nop(0)};
  submit(ring);
  uint64_t member[] = {nop(GROUP), read_from(members[0], 5, GROUP), nop(0)};
  submit(ring);
  uint64_t cut[] = {read_from(leaders[0], 5, GROUP), nop(GROUP)};
  submit(ring);
  uint64_t outside = nop(0);
  submit(ring);
  reap_done(ring, member[2]);
  reap_done(ring, outside);
  hold();
  put(leaders[1], "hellohello");
  put(members[1], "world");
  reap_all(ring);
  EXPECT(leader, 5, 0);
  EXPECT(member, 0, 5, 0);
  EXPECT(cut, 5, 0);
}

int main(int argc, char **argv) {
  begin("sqe_group", &argc, argv);
  truth->has_groups = true;
  buffer = map_memory(4096);
  ring = open_ring(16, 0);
  file = temporary_file(100);
  plain();
  registered();
  chains();
  failing();
  waiting();
  return finish();
}
