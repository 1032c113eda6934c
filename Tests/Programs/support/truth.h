// Functions that print the account as JSON (the truth).

#pragma once
#include "account.h"

// MARK: - Truth

static const char *const opcode_names[] UNUSED_OK = {
    "NOP",
    "READV",
    "WRITEV",
    "FSYNC",
    "READ_FIXED",
    "WRITE_FIXED",
    "POLL_ADD",
    "POLL_REMOVE",
    "SYNC_FILE_RANGE",
    "SENDMSG",
    "RECVMSG",
    "TIMEOUT",
    "TIMEOUT_REMOVE",
    "ACCEPT",
    "ASYNC_CANCEL",
    "LINK_TIMEOUT",
    "CONNECT",
    "FALLOCATE",
    "OPENAT",
    "CLOSE",
    "FILES_UPDATE",
    "STATX",
    "READ",
    "WRITE",
    "FADVISE",
    "MADVISE",
    "SEND",
    "RECV",
    "OPENAT2",
    "EPOLL_CTL",
    "SPLICE",
    "PROVIDE_BUFFERS",
    "REMOVE_BUFFERS",
    "TEE",
    "SHUTDOWN",
    "RENAMEAT",
    "UNLINKAT",
    "MKDIRAT",
    "SYMLINKAT",
    "LINKAT",
    "MSG_RING",
    "FSETXATTR",
    "SETXATTR",
    "FGETXATTR",
    "GETXATTR",
    "SOCKET",
    "URING_CMD",
    "SEND_ZC",
    "SENDMSG_ZC",
    "READ_MULTISHOT",
    "WAITID",
    "FUTEX_WAIT",
    "FUTEX_WAKE",
    "FUTEX_WAITV",
    "FIXED_FD_INSTALL",
    "FTRUNCATE",
    "BIND",
    "LISTEN",
    "RECV_ZC",
    "EPOLL_WAIT",
    "READV_FIXED",
    "WRITEV_FIXED",
    "PIPE",
    "NOP128",
    "URING_CMD128"};
static const char *const setup_names[] UNUSED_OK = {
    "IOPOLL",        "SQPOLL",        "SQ_AFF",     "CQSIZE",
    "CLAMP",         "ATTACH_WQ",     "R_DISABLED", "SUBMIT_ALL",
    "COOP_TASKRUN",  "TASKRUN_FLAG",  "SQE128",     "CQE32",
    "SINGLE_ISSUER", "DEFER_TASKRUN", "NO_MMAP",    "REGISTERED_FD_ONLY",
    "NO_SQARRAY",    "HYBRID_IOPOLL", "CQE_MIXED",  "SQE_MIXED",
    "SQ_REWIND"};
static const char *const flag_names[] UNUSED_OK = {"FIXED_FILE",       "IO_DRAIN", "IO_LINK",
                                                   "IO_HARDLINK",      "ASYNC",    "BUFFER_SELECT",
                                                   "CQE_SKIP_SUCCESS", "SQE_GROUP"};

// Adds case-specific members to the truth: say("\"expired\":%u", n).
UNUSED_OK static __attribute__((format(printf, 1, 2))) void say(const char *format, ...) {
  size_t used = strlen(truth->extra);
  va_list arguments;
  va_start(arguments, format);
  used += (size_t)snprintf(truth->extra + used, MAX_EXTRA - used, ",");
  vsnprintf(truth->extra + used, MAX_EXTRA - used, format, arguments);
  va_end(arguments);
}

static void print_names(const char *key, unsigned bits, const char *const *names, unsigned count) {
  printf("\"%s\":[", key);
  for (unsigned i = 0, first = 1; i < count; i++)
    if (bits & (1u << i)) {
      printf("%s\"%s\"", first ? "" : ",", names[i]);
      first = 0;
    }
  printf("]");
}

static void print_request(const struct request *r) {
  static const char *const ends[] = {"in_flight", "cqe", "skipped", "silent", "ring_exit"};
  printf("{\"user_data\":\"0x%" PRIx64 "\",\"ring\":%d,\"opcode\":", r->user_data, r->ring);
  if (r->opcode < sizeof opcode_names / sizeof *opcode_names)
    printf("\"%s\",", opcode_names[r->opcode]);
  else
    printf("\"%u\",", r->opcode);
  printf("\"fd\":%d,", r->fd);
  print_names("flags", r->flags, flag_names, truth->has_groups ? 8 : 7);
  if (r->linked_behind)
    printf(",\"linked_behind\":\"0x%" PRIx64 "\"", r->linked_behind);
  if (r->group)
    printf(",\"group\":\"0x%" PRIx64 "\"", r->group);
  printf(",\"end\":\"%s\",\"cqes\":%u", ends[r->end], r->cqes);
  if (r->cqes) {
    printf(",\"res\":%d", r->res);
    if (r->cqes > 1) {
      for (unsigned i = 0; i < r->cqes && i < MAX_RESULTS; i++)
        printf("%s%d", i ? "," : ",\"results\":[", r->results[i]);
      printf("]");
    }
    if (r->cflags & IORING_CQE_F_BUFFER)
      printf(",\"buffer\":%u", r->cflags >> IORING_CQE_BUFFER_SHIFT);
  }
  if (r->notifs)
    printf(",\"notifs\":%u", r->notifs);
  if (r->submitter != truth->pid)
    printf(",\"submitter\":%d", r->submitter);
  if (r->prep_failed)
    printf(",\"prep_failed\":true");
  if (r->also_submitted)
    printf(",\"also_submitted\":true");
  if (r->overflowed)
    printf(",\"overflowed\":true");
  if (r->unreaped)
    printf(",\"unreaped\":true");
  if (r->note)
    printf(",\"note\":\"%s\"", r->note);
  printf("}");
}

static void print_rings(void) {
  printf("\"rings\":[");
  for (unsigned i = 0; i < truth->ring_count; i++) {
    const struct ring *ring = &truth->rings[i];
    printf(
        "%s{\"fd\":%d,\"sq_entries\":%u,\"cq_entries\":%u,", i ? "," : "", ring->fd, ring->sq_entries,
        ring->cq_entries);
    print_names("setup", ring->setup, setup_names, sizeof setup_names / sizeof *setup_names);
    printf("}");
  }
  printf("]");
}

UNUSED_OK static void print_truth(bool ready) {
  uint64_t submitted = truth->request_count + truth->bulk_submitted, ended = truth->bulk_completed;
  unsigned skipped = 0, silent = 0, prep_failed = 0, overflowed = 0, unreaped = 0;
  for (unsigned i = 0; i < truth->request_count; i++) {
    const struct request *r = &truth->requests[i];
    ended += r->end != IN_FLIGHT && r->end != END_RING_EXIT;
    skipped += r->end == END_SKIPPED;
    silent += r->end == END_SILENT;
    prep_failed += r->prep_failed;
    overflowed += r->overflowed;
    unreaped += r->unreaped;
  }
  printf("{%s\"program\":\"%s\",\"pid\":%d,", ready ? "\"ready\":true," : "", truth->name, truth->pid);
  print_rings();
  printf(
      ",\"submitted\":%" PRIu64 ",\"completed\":%" PRIu64 ",\"in_flight\":%" PRIu64 ",\"cqes\":%" PRIu64
      ",\"aux_cqes\":%u,\"skipped\":%u,\"silent\":%u,\"prep_failed\":%u,\"overflowed\":%u,\"unreaped\":%u",
      submitted, ended, submitted - ended, truth->cqes + truth->bulk_completed, truth->aux_cqes, skipped,
      silent, prep_failed, overflowed, unreaped);
  printf(",\"requests\":[");
  for (unsigned i = 0; i < truth->request_count; i++) {
    if (i)
      putchar(',');
    print_request(&truth->requests[i]);
  }
  printf("]");
  if (truth->aux_cqes) {
    for (unsigned i = 0; i < truth->aux_cqes; i++)
      printf(
          "%s{\"ring\":%d,\"user_data\":\"0x%" PRIx64 "\",\"res\":%d}", i ? "," : ",\"aux\":[",
          truth->aux[i].ring, truth->aux[i].user_data, truth->aux[i].res);
    printf("]");
  }
  printf("%s}\n", truth->extra);
  fflush(stdout);
}
