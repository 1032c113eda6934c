// The pages that the kernel lends with a FUSE request, and the members: io_uring requests that use these pages.
#pragma once
#include "server.h"

static char lent[MAX_EXTRA];
static unsigned nr_lent;

static __attribute__((format(printf, 1, 2))) void tell(const char *format, ...) {
  size_t used = strlen(lent);
  va_list arguments;
  va_start(arguments, format);
  check(
      used + (size_t)vsnprintf(lent + used, sizeof lent - used, format, arguments) < sizeof lent,
      "the truth is too long");
  va_end(arguments);
}

// Adds a FUSE request's pages and members to the truth. Must be called before the server commits its answer, because
// the next request overwrites this one. `conditions` lists, in JSON, the conditions that uringtop must show for these
// pages.
static void note_lent(struct entry *entry, const char *conditions, unsigned members, const uint64_t *member) {
  tell(
      "%s{\"leader\":\"0x%" PRIx64
      "\",\"length\":%u,\"direction\":\"%s\",\"slot\":%u,\"queue\":%u,\"operation\":\"%s\","
      "\"unique\":\"0x%" PRIx64 "\",\"node\":%" PRIu64 ",\"offset\":%" PRIu64
      ",\"conditions\":[%s],\"members\":[",
      nr_lent++ ? "," : "", entry->fetch, length(entry), is_read(entry) ? "destination" : "source",
      entry->slot, entry->queue, is_read(entry) ? "read" : "write", entry->headers->in.unique,
      entry->headers->in.nodeid, position(entry), conditions);
  for (unsigned i = 0; i < members; i++)
    tell("%s\"0x%" PRIx64 "\"", i ? "," : "", member[i]);
  tell("]}");
}
#define NOTE_LENT(entry, conditions, ...) \
  note_lent(entry, conditions, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__})

static void say_lent(void) {
  truth->extra[0] = 0;
  say("\"fuse_requests\":[%s]", lent);
}

static struct io_uring_sqe *member_of(
    struct entry *entry, int opcode, int fd, unsigned offset, unsigned size) {
  struct io_uring_sqe *member = sqe(entry->ring);
  member->opcode = (__u8)opcode;
  member->fd = fd;
  member->addr = offset; // an offset within the lent pages
  member->len = size;
  member->off = fd == file ? position(entry) + offset : 0;
  member->buf_index = (__u16)entry->slot;
  return member;
}

static uint64_t member(struct entry *entry, unsigned offset, unsigned size) {
  int opcode = is_read(entry) ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED;
  return member_of(entry, opcode, file, offset, size)->user_data;
}

// Prepares the answer to a request whose pages have been filled or read. Returns the answer's size.
static size_t done_size(struct entry *entry, unsigned size) {
  if (is_read(entry))
    return size;
  *(struct fuse_write_out *)payload(entry) = (struct fuse_write_out){.size = size};
  return sizeof(struct fuse_write_out);
}

static void serve(struct entry *entry) {
  unsigned size = length(entry);
  uint64_t only = member(entry, 0, size);
  submit(entry->ring);
  await_end(only);
  expect(only, (int)size);
  NOTE_LENT(entry, "", only);
  commit(entry, 0, done_size(entry, size));
}
