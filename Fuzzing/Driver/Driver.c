#define _GNU_SOURCE
#include "FuzzDriver.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <termios.h>
#include <unistd.h>

int driver_hide(const char *folder) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("none", folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m") != 0)
    return errno;
  return 0;
}

int driver_memory_file(void) {
  return memfd_create("input", MFD_CLOEXEC);
}

static void *drain(void *keyboard) {
  char bytes[65536];
  while (read((int)(intptr_t)keyboard, bytes, sizeof(bytes)) > 0)
    continue;
  return NULL;
}

int driver_terminal(void) {
  int keyboard, terminal;
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  struct termios settings;
  pthread_t thread;
  if (openpty(&keyboard, &terminal, NULL, NULL, &size) != 0 || tcgetattr(terminal, &settings) != 0)
    return -1;
  /* Typed bytes must neither stop the output nor end the process. */
  cfmakeraw(&settings);
  if (tcsetattr(terminal, TCSANOW, &settings) != 0 || dup2(terminal, STDIN_FILENO) < 0 ||
      dup2(terminal, STDOUT_FILENO) < 0 ||
      pthread_create(&thread, NULL, drain, (void *)(intptr_t)keyboard) != 0)
    return -1;
  pthread_detach(thread);
  return keyboard;
}

void driver_no_escape_delay(void) {
  set_escdelay(0);
}
