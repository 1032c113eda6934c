/* Work before Swift runs. */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Swift's runtime: sets CommandLine.arguments, which by default come from a search of /proc/self/maps. */
void _swift_stdlib_overrideUnsafeArgvArgc(char **argv, int argc);

static int argument_count;
static char **arguments;
static int has_set_root;

/* A static runtime aborts in its own constructors if it cannot read /proc/self/exe, unless SWIFT_ROOT is set. */
__attribute__((constructor(101))) static void before_runtime(int argc, char **argv) {
  argument_count = argc;
  arguments = argv;
  if (access("/proc/self/exe", F_OK) != 0 && !getenv("SWIFT_ROOT"))
    has_set_root = setenv("SWIFT_ROOT", "/", 1) == 0;
}

/* A file opened later must not get the descriptor of a closed standard stream. Reading and writing such streams
 * fails as before (EBADF), and children find them closed. */
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
