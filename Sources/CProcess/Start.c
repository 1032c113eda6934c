/* Preparations before Swift code runs. */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* A function of Swift's runtime that sets CommandLine.arguments. Without it the runtime finds the arguments with
 * /proc/self/maps. */
void _swift_stdlib_overrideUnsafeArgvArgc(char **argv, int argc);

static int argument_count;
static char **arguments;
static int has_set_root;

/* Runs before the constructors of a statically linked Swift runtime. They abort if they cannot read /proc/self/exe,
 * unless SWIFT_ROOT is set. */
__attribute__((constructor(101))) static void before_runtime(int argc, char **argv) {
  argument_count = argc;
  arguments = argv;
  if (access("/proc/self/exe", F_OK) != 0 && !getenv("SWIFT_ROOT"))
    has_set_root = setenv("SWIFT_ROOT", "/", 1) == 0;
}

/* Occupies the descriptors of closed standard streams, so that a file opened later cannot get one of them. Reads and
 * writes of such streams still fail with EBADF (O_PATH), and child processes find them closed (O_CLOEXEC). */
static void reserve_standard_descriptors(void) {
  int descriptor;
  do
    descriptor = open("/", O_PATH | O_CLOEXEC);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor >= 0)
    close(descriptor);
}

void process_start(void) {
  if (has_set_root)
    unsetenv("SWIFT_ROOT");
  if (argument_count > 0)
    _swift_stdlib_overrideUnsafeArgvArgc(arguments, argument_count);
  reserve_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  process_catch_crashes();
}
