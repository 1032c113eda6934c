/* Signals while the UI has the terminal. Handlers set flags and write to a pipe; on a crash they restore the
 * terminal directly. */
#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct cc_pending cc_pending;

static const int flagged[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};
static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static struct sigaction flagged_before[COUNT(flagged)];
static struct sigaction crashes_before[COUNT(crashes)];
static int wake_pipe[2] = {-1, -1};
static sigset_t mask_before;
static bool is_installed;

static int restore_tty = -1;
static struct termios restore_settings;
static char restore_text[256];

void cc_wake(void) {
  int saved = errno;
  if (wake_pipe[1] >= 0)
    (void)!write(wake_pipe[1], "", 1);
  errno = saved;
}

static void on_flagged(int number) {
  switch (number) {
    case SIGWINCH:
      cc_pending.resized = 1;
      break;
    case SIGTSTP:
      cc_pending.stop = 1;
      break;
    case SIGCONT:
      cc_pending.continued = 1;
      break;
    default:
      cc_pending.ending = number;
  }
  cc_wake();
}

/* Only async-signal-safe calls. After the return the fault repeats and reaches the previous handler. */
static void on_crash(int number) {
  (void)!write(restore_tty, restore_text, strlen(restore_text));
  tcsetattr(restore_tty, TCSANOW, &restore_settings);
  for (int i = 0; i < COUNT(crashes); i++)
    sigaction(crashes[i], &crashes_before[i], NULL);
  if (number == SIGABRT)
    raise(number);
}

static void set(int number, void (*handler)(int), int flags, struct sigaction *before) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, before);
}

bool cc_signals_install(int tty, const struct termios *settings, const char *restore) {
  if (wake_pipe[0] < 0 && pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK))
    return false;
  restore_tty = tty;
  restore_settings = *settings;
  strncpy(restore_text, restore, sizeof(restore_text) - 1);
  memset((void *)&cc_pending, 0, sizeof(cc_pending));
  /* the parent may have left them blocked */
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int i = 0; i < COUNT(flagged); i++) {
    set(flagged[i], on_flagged, SA_RESTART, &flagged_before[i]);
    sigaddset(&wanted, flagged[i]);
  }
  pthread_sigmask(SIG_UNBLOCK, &wanted, &mask_before);
  for (int i = 0; i < COUNT(crashes); i++)
    set(crashes[i], on_crash, SA_NODEFER, &crashes_before[i]);
  is_installed = true;
  return true;
}

void cc_signals_remove(void) {
  if (!is_installed)
    return;
  is_installed = false;
  pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
  for (int i = 0; i < COUNT(flagged); i++)
    sigaction(flagged[i], &flagged_before[i], NULL);
  for (int i = 0; i < COUNT(crashes); i++)
    sigaction(crashes[i], &crashes_before[i], NULL);
}

int cc_signals_descriptor(void) {
  return wake_pipe[0];
}

void cc_signals_drain(void) {
  char bytes[64];
  while (read(wake_pipe[0], bytes, sizeof(bytes)) > 0) {
  }
}

void cc_signals_stop(void) {
  struct sigaction before;
  sigset_t stop, old;
  set(SIGTSTP, SIG_DFL, 0, &before);
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &stop, &old);
  raise(SIGTSTP);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  sigaction(SIGTSTP, &before, NULL);
  cc_pending.stop = 0;
}
