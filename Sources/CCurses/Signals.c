/* Signals while the UI uses the terminal. The handlers set flags and write to a pipe, which wakes cc_read. */
#define _GNU_SOURCE
#include "internal.h"

#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct cc_pending cc_pending;

static const int flagged[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, SIGALRM};
#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static struct sigaction flagged_before[COUNT(flagged)];
static int wake_pipe[2] = {-1, -1};
static sigset_t mask_before;
static bool is_installed;

static struct process_terminal terminal;

/* The first signal that requested the end of the process; 0: none. */
static volatile sig_atomic_t asked;
/* Seconds after the first signal until the end is forced. */
#define PATIENCE 3

void cc_wake(void) {
  int saved = errno;
  if (wake_pipe[1] >= 0)
    (void)!write(wake_pipe[1], "", 1);
  errno = saved;
}

/* Ends the process by a signal, because the main thread has not ended it in time: that thread may be blocked in a write
 * to a stopped terminal. */
static void force_end(int number) {
  process_restore_terminal();
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  raise(number);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
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
    case SIGALRM:
      force_end(asked);
      break;
    default:
      if (asked)
        force_end(number);
      asked = number;
      cc_pending.ending = number;
      alarm(PATIENCE);
  }
  cc_wake();
}

static void set(int number, void (*handler)(int), int flags, struct sigaction *before) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, before);
}

bool cc_signals_install(int tty, const struct termios *settings, const char *restore) {
  if (wake_pipe[0] < 0 && pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK))
    return false;
  terminal.descriptor = tty;
  terminal.settings = *settings;
  strncpy(terminal.text, restore, sizeof(terminal.text) - 1);
  memset((void *)&cc_pending, 0, sizeof(cc_pending));
  asked = 0;
  /* Unblocks the signals: the parent process may have started this process with these signals blocked. */
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int i = 0; i < COUNT(flagged); i++) {
    set(flagged[i], on_flagged, SA_RESTART, &flagged_before[i]);
    sigaddset(&wanted, flagged[i]);
  }
  pthread_sigmask(SIG_UNBLOCK, &wanted, &mask_before);
  process_restore_on_crash(&terminal);
  is_installed = true;
  return true;
}

void cc_signals_remove(void) {
  if (!is_installed)
    return;
  is_installed = false;
  alarm(0);
  process_restore_on_crash(NULL);
  pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
  for (int i = 0; i < COUNT(flagged); i++)
    sigaction(flagged[i], &flagged_before[i], NULL);
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
