// Rings, their requests, and files and memory for I/O.

#pragma once
#include "start.h"

// MARK: - Rings

// Opens a ring. The member "rings" of the truth lists the rings in the order of these calls.
UNUSED_OK static struct ring *open_ring_with(unsigned entries, struct io_uring_params parameters) {
  check(truth->ring_count < MAX_RINGS, "too many rings");
  struct ring *ring = &truth->rings[truth->ring_count];
  if (!(parameters.flags & (IORING_SETUP_SQPOLL | IORING_SETUP_IOPOLL)))
    parameters.flags |= truth->more_setup;
  unsigned setup = parameters.flags;
  int error = io_uring_queue_init_params(entries, &ring->uring, &parameters);
  if (error == -ENOSYS || error == -EINVAL)
    skip("this kernel has no io_uring ring with setup flags 0x%x: %s", setup, strerror(-error));
  check(!error, "io_uring_setup: %s", strerror(-error));
  ring->index = (int)truth->ring_count++;
  ring->fd = ring->uring.ring_fd;
  ring->sq_entries = parameters.sq_entries;
  ring->cq_entries = parameters.cq_entries;
  ring->setup = setup;
  ring->open = true;
  return ring;
}

UNUSED_OK static struct ring *open_ring(unsigned entries, unsigned setup) {
  return open_ring_with(entries, (struct io_uring_params){.flags = setup});
}

// Closes a ring. Records incomplete requests as ended by the close, and unreaped CQEs as unreaped.
UNUSED_OK static void close_ring(struct ring *ring) {
  struct io_uring_cqe *cqe;
  unsigned head;
  io_uring_for_each_cqe (&ring->uring, head, cqe) {
    for (unsigned i = 0; i < truth->request_count; i++)
      if (truth->requests[i].user_data == cqe->user_data && truth->requests[i].end == IN_FLIGHT) {
        truth->requests[i].end = END_CQE;
        truth->requests[i].unreaped = true;
        truth->requests[i].res = truth->requests[i].results[0] = cqe->res;
        truth->requests[i].cqes = 1;
      }
  }
  for (unsigned i = 0; i < truth->request_count; i++)
    if (truth->requests[i].ring == ring->index && truth->requests[i].end == IN_FLIGHT)
      truth->requests[i].end = END_RING_EXIT;
  io_uring_queue_exit(&ring->uring);
  ring->open = false;
}

// Exits with status 77 if the kernel does not support `opcode`.
UNUSED_OK static void need_opcode(struct ring *ring, int opcode, const char *name) {
  struct io_uring_probe *probe = io_uring_get_probe_ring(&ring->uring);
  bool known = probe && io_uring_opcode_supported(probe, opcode);
  io_uring_free_probe(probe);
  if (!known)
    skip("this kernel does not know IORING_OP_%s", name);
}

// MARK: - Requests

// Returns the next free SQE, cleared, with a user_data that no other request of the program has.
UNUSED_OK static struct io_uring_sqe *sqe(struct ring *ring) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
  check(sqe, "the submission queue is full");
  memset(sqe, 0, (ring->setup & IORING_SETUP_SQE128) ? 128 : 64);
  sqe->user_data = truth->next_user_data++;
  return sqe;
}

UNUSED_OK static struct request *request(uint64_t user_data) {
  for (unsigned i = truth->request_count; i-- > 0;)
    if (truth->requests[i].user_data == user_data)
      return &truth->requests[i];
  return NULL;
}

// Submits and records the SQEs that sqe() has returned since the last call. Returns their number.
UNUSED_OK static unsigned submit(struct ring *ring) {
  struct io_uring_sq *sq = &ring->uring.sq;
  unsigned shift = (ring->setup & IORING_SETUP_SQE128) ? 1 : 0, count = 0;
  uint64_t previous = 0, group = 0;
  for (unsigned i = sq->sqe_head; i != sq->sqe_tail; i++, count++) {
    const struct io_uring_sqe *sqe = &sq->sqes[(i & sq->ring_mask) << shift];
    check(truth->request_count < MAX_REQUESTS, "too many requests");
    bool is_member = group != 0, is_grouped = truth->has_groups && (sqe->flags & IOSQE_SQE_GROUP);
    if (is_grouped && !is_member)
      group = sqe->user_data;
    truth->requests[truth->request_count++] = (struct request){
        .user_data = sqe->user_data,
        .linked_behind = is_member ? 0 : previous,
        .group = group,
        .ring = ring->index,
        .fd = sqe->fd,
        .submitter = getpid(),
        .opcode = sqe->opcode,
        .flags = sqe->flags,
    };
    if (!is_grouped)
      group = 0;
    if (!is_member)
      previous = (sqe->flags & (IOSQE_IO_LINK | IOSQE_IO_HARDLINK)) ? sqe->user_data : 0;
  }
  // Without IORING_SETUP_SUBMIT_ALL the kernel stops after a request that fails in preparation.
  for (unsigned done = 0; done < count;)
    done += (unsigned)must_uring(io_uring_submit(&ring->uring));
  return count;
}

UNUSED_OK static void record(struct ring *ring, const struct io_uring_cqe *cqe) {
  struct request *request_ = request(cqe->user_data);
  truth->cqes++;
  if (!request_) {
    check(truth->aux_cqes < 64, "too many CQEs without a request");
    truth->aux[truth->aux_cqes].ring = ring->index;
    truth->aux[truth->aux_cqes].user_data = cqe->user_data;
    truth->aux[truth->aux_cqes].cflags = cqe->flags;
    truth->aux[truth->aux_cqes++].res = cqe->res;
    return;
  }
  if (cqe->flags & IORING_CQE_F_NOTIF) {
    request_->notifs++;
  } else {
    if (request_->cqes < MAX_RESULTS)
      request_->results[request_->cqes] = cqe->res;
    request_->cqes++;
    request_->res = cqe->res;
    request_->cflags = cqe->flags;
  }
  if (!(cqe->flags & IORING_CQE_F_MORE))
    request_->end = END_CQE;
}

// Waits for `count` CQEs and records them.
UNUSED_OK static void reap(struct ring *ring, unsigned count) {
  while (count--) {
    struct io_uring_cqe *cqe;
    int error;
    while ((error = io_uring_wait_cqe(&ring->uring, &cqe)) == -EINTR && !stop)
      ;
    must_uring(error);
    record(ring, cqe);
    io_uring_cqe_seen(&ring->uring, cqe);
  }
}

// Waits until the request with `user_data` has ended.
UNUSED_OK static void reap_done(struct ring *ring, uint64_t user_data) {
  while (request(user_data)->end == IN_FLIGHT)
    reap(ring, 1);
}

// Waits until every request of the ring has ended, except those with CQE_SKIP, which may post no CQE.
UNUSED_OK static void reap_all(struct ring *ring) {
  for (unsigned i = 0; i < truth->request_count; i++)
    while (truth->requests[i].ring == ring->index && truth->requests[i].end == IN_FLIGHT &&
           !(truth->requests[i].flags & IOSQE_CQE_SKIP_SUCCESS))
      reap(ring, 1);
}

// Checks that the request ended with `res`.
#define expect(user_data_, res_) \
  do { \
    struct request *r_ = request(user_data_); \
    check( \
        r_->end == END_CQE && r_->res == (res_), "line %d: request 0x%" PRIx64 " ended with %d, not %d", \
        __LINE__, (uint64_t)(user_data_), r_->res, (int)(res_)); \
  } while (0)

// MARK: - Files and memory for I/O

// Opens an unlinked file of `size` bytes in $TMPDIR, /var/tmp, /tmp or the working directory.
UNUSED_OK static int temporary_file(size_t size) {
  const char *directories[] = {getenv("TMPDIR"), "/var/tmp", "/tmp", "."};
  for (int i = 0; i < 4; i++) {
    if (!directories[i])
      continue;
    char path[512];
    snprintf(path, sizeof path, "%s/uringtop-test-XXXXXX", directories[i]);
    int fd = mkstemp(path);
    if (fd < 0)
      continue;
    unlink(path);
    char block[4096];
    memset(block, 'u', sizeof block);
    for (size_t done = 0; done < size;)
      done += (size_t)must(write(fd, block, size - done < sizeof block ? size - done : sizeof block));
    return fd;
  }
  die("no directory for a temporary file");
}

// Returns memory that can be registered as a buffer. Static memory may not be: 6.1 refuses pages that partly belong to
// a file, such as the first page of .bss.
UNUSED_OK static void *map_memory(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "no memory");
  return memory;
}

UNUSED_OK static void make_pipe(int fds[2]) {
  must(pipe2(fds, O_CLOEXEC));
}
UNUSED_OK static void put(int fd, const char *text) {
  must(write(fd, text, strlen(text)));
}
