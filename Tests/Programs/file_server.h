// A FUSE server that answers only the requests that a test needs.
#ifndef FILE_SERVER_H
#define FILE_SERVER_H

#include <linux/fuse.h>
#include "program.h"

static void answer(
    int device, const struct fuse_in_header *question, int error, const void *body, size_t size) {
  char reply[8192];
  struct fuse_out_header header = {.len = sizeof header + size, .error = error, .unique = question->unique};
  memcpy(reply, &header, sizeof header);
  memcpy(reply + sizeof header, body, size);
  must(write(device, reply, header.len));
}

// Serves a file system with one file, /file. Reads are answered only if `answers` is true.
static void serve_files(int device, bool answers) {
  static char question[1 << 18], content[4096];
  const struct fuse_in_header *header = (void *)question;
  while (read(device, question, sizeof question) > 0) {
    struct fuse_attr attributes = {.ino = 1, .mode = S_IFDIR | 0755, .nlink = 2};
    struct fuse_attr file = {.ino = 2, .mode = S_IFREG | 0644, .nlink = 1, .size = sizeof content};
    struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096};
    struct fuse_entry_out entry = {.nodeid = 2, .attr_valid = 1000, .entry_valid = 1000, .attr = file};
    struct fuse_attr_out state = {.attr_valid = 1000, .attr = header->nodeid == 2 ? file : attributes};
    struct fuse_open_out handle = {.open_flags = FOPEN_DIRECT_IO};
    switch (header->opcode) {
      case FUSE_INIT:
        answer(device, header, 0, &init, sizeof init);
        break;
      case FUSE_LOOKUP:
        answer(device, header, 0, &entry, sizeof entry);
        break;
      case FUSE_GETATTR:
        answer(device, header, 0, &state, sizeof state);
        break;
      case FUSE_OPEN:
        answer(device, header, 0, &handle, sizeof handle);
        break;
      case FUSE_READ:
        if (answers)
          answer(device, header, 0, content, 64);
        break;
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT:
        break;
      case FUSE_RELEASE:
        answer(device, header, 0, NULL, 0);
        break;
      default:
        answer(device, header, -ENOSYS, NULL, 0);
    }
  }
}

#endif
