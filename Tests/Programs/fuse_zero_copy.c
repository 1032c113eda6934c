// A FUSE server over io_uring with zero copy (Linux 7.3). The command that delivers a FUSE request also lends the
// request's pages as a registered buffer, until the server commits its answer. Needs root. The constants are those of
// include/uapi/linux/fuse.h.
#include "fuse/server.h"
#include "fuse/lent.h"
#include "fuse/clients.h"

static void one_by_one(struct io *io) {
  for (int i = 0; i < 2; i++) {
    off_t offset = i * 4 * SIZE;
    begin_io(io, i, false, offset);
    end_io(io, SIZE);
    check_data(io->data, 'u', SIZE);
    begin_io(io, i, true, offset);
    end_io(io, SIZE);
    char written[SIZE];
    must(pread(file, written, SIZE, offset));
    check_data(written, 'w', SIZE);
  }
}

// Serves three FUSE requests at the same time. Their members, the io_uring requests that use the lent pages, are
// submitted alternately.
static void at_once(struct io *io) {
  struct entry *entry[3];
  uint64_t first[3], second[3];
  for (int i = 0; i < 3; i++)
    begin_io(&io[i], false, i == 1, (8 + i) * SIZE);
  for (int i = 0; i < 3; i++)
    entry[i] = await_entry();
  for (int i = 0; i < 3; i++)
    first[i] = member(entry[i], 0, SIZE / 2);
  for (int i = 0; i < 3; i++)
    second[i] = member(entry[i], SIZE / 2, SIZE / 2);
  submit(ring);
  for (int i = 2; i >= 0; i--) {
    await_end(first[i]);
    await_end(second[i]);
    expect(first[i], SIZE / 2);
    expect(second[i], SIZE / 2);
    NOTE_LENT(entry[i], "", first[i], second[i]);
    commit(entry[i], 0, done_size(entry[i], SIZE));
  }
  for (int i = 0; i < 3; i++)
    end_io(&io[i], SIZE);
  check_data(io[0].data, 'u', SIZE);
  check_data(io[2].data, 'u', SIZE);
}

// Links the command with the answer behind the member (the READ_FIXED that uses the lent pages).
static void linked(struct io *io) {
  begin_io(io, false, false, 0);
  struct entry *entry = await_entry();
  struct io_uring_sqe *read = member_of(entry, IORING_OP_READ_FIXED, file, 0, SIZE);
  uint64_t only = read->user_data;
  read->flags = IOSQE_IO_LINK;
  NOTE_LENT(entry, "", only);
  commit(entry, 0, SIZE);
  end_io(io, SIZE);
  await_end(only);
  expect(only, SIZE);
  check_data(io->data, 'w', SIZE);
}

static void incomplete(struct io *io) {
  // The backing file ends in the middle of this read's range.
  begin_io(io, false, false, FILE_SIZE - SIZE / 2);
  struct entry *entry = await_entry();
  uint64_t only = member(entry, 0, SIZE);
  submit(ring);
  await_end(only);
  expect(only, SIZE / 2);
  NOTE_LENT(entry, "\"short_member\",\"partly_filled\"", only);
  commit(entry, 0, SIZE / 2);
  end_io(io, SIZE / 2);
  check_data(io->data, 'u', SIZE / 2);

  // Answers a FUSE read and a FUSE write for which no io_uring request has used the lent pages.
  begin_io(io, false, false, 0);
  entry = await_entry();
  NOTE_LENT(entry, "\"unused\"");
  commit(entry, EIO, 0);
  end_io(io, -EIO);
  begin_io(io, false, true, 0);
  entry = await_entry();
  NOTE_LENT(entry, "\"unused\"");
  commit(entry, 0, done_size(entry, SIZE));
  end_io(io, SIZE);
}

static void wrong_members(struct io *io) {
  begin_io(io, false, false, 0);
  struct entry *entry = await_entry();
  uint64_t opposite = member_of(entry, IORING_OP_WRITE_FIXED, file, 0, SIZE)->user_data,
           inside = member(entry, 0, SIZE);
  submit(ring);
  await_end(inside);
  await_end(opposite);
  expect(opposite, -EFAULT);
  expect(inside, SIZE);
  NOTE_LENT(entry, "\"wrong_direction\",\"member_failed\"", opposite, inside);
  commit(entry, 0, SIZE);
  end_io(io, SIZE);

  begin_io(io, false, false, 0);
  entry = await_entry();
  uint64_t outside = member(entry, SIZE / 2, SIZE);
  inside = member(entry, 0, SIZE);
  submit(ring);
  await_end(inside);
  await_end(outside);
  expect(outside, -EFAULT);
  expect(inside, SIZE);
  NOTE_LENT(entry, "\"out_of_range\",\"member_failed\"", outside, inside);
  commit(entry, 0, SIZE);
  end_io(io, SIZE);
}

// Answers a FUSE request while a member, an io_uring request, still uses the lent pages. The FUSE request ends all the
// same (fuse_uring_req_end in dev_uring.c of Linux 7.3).
static void outliving(struct io *io) {
  int ends[2];
  make_pipe(ends);
  begin_io(&io[0], false, false, 0);
  struct entry *entry = await_entry();
  uint64_t late = member_of(entry, IORING_OP_READ_FIXED, ends[0], 0, SIZE)->user_data;
  submit(ring);
  NOTE_LENT(entry, "\"answered_early\"", late);
  commit(entry, 0, SIZE);
  end_io(&io[0], SIZE);
  check(request(late)->end == IN_FLIGHT, "the member did not outlive its request");
  check_data(io[0].data, 0, SIZE);
  // Meanwhile the slot of the buffer table holds the pages of another FUSE request.
  begin_io(&io[1], false, false, SIZE);
  struct entry *next = await_entry();
  check(next == entry, "the request came to another slot");
  serve(next);
  end_io(&io[1], SIZE);
  say_lent();
  hold();
  char data[SIZE];
  memset(data, 'p', SIZE);
  must(write(ends[1], data, SIZE));
  await_end(late);
  expect(late, SIZE);
  check_data(io[0].data, 'p', SIZE); // the member wrote this after the client's pread() had returned
}

// Commits an answer through another ring. The lent pages then stay in the slot of the first ring's buffer table.
static void elsewhere(struct io *io) {
  begin_io(io, false, false, 0);
  struct entry *entry = await_entry();
  uint64_t only = member(entry, 0, SIZE);
  submit(ring);
  await_end(only);
  expect(only, SIZE);
  NOTE_LENT(entry, "\"committed_elsewhere\"", only);
  commit_on(other, entry, 0, SIZE);
  submit(other);
  end_io(io, SIZE);
  begin_io(io, false, false, 0);
  struct entry *next = await_entry();
  check(next == entry, "the request came to another slot");
  serve(next);
  end_io(io, SIZE);
  struct iovec nothing = {0};
  __u64 no_tag = 0;
  must_uring(io_uring_register_buffers_update_tag(&ring->uring, entry->slot, &nothing, &no_tag, 1));
}

int main(int argc, char **argv) {
  begin("fuse_zero_copy", &argc, argv);
  file = temporary_file(FILE_SIZE);
  begin_serving();

  ask(&ios[0], OPEN);
  end_task(&ios[0]);
  one_by_one(&ios[0]);
  at_once(ios);
  linked(&ios[0]);
  incomplete(&ios[0]);
  wrong_members(&ios[0]);
  outliving(ios);
  elsewhere(&ios[0]);

  ask(&ios[0], CLOSE);
  end_task(&ios[0]);
  is_mounted = false;
  ask(&ios[0], LEAVE);
  for (unsigned i = 0; i < nr_entries; i++) {
    await_end(entries[i].fetch);
    expect(entries[i].fetch, -ENOTCONN);
  }
  say_lent();
  return finish();
}
