// Functions that hold a program's current state (--hold), and the end of a program.

#pragma once
#include "requests.h"
#include "truth.h"

// MARK: - Holding

static bool stdin_can_close(void) {
  struct stat status;
  return !fstat(0, &status) && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(0));
}

// Waits until standard input (a pipe, socket or terminal) closes, or for SIGTERM, SIGINT or SIGHUP.
UNUSED_OK static void wait_for_end(void) {
  char text[64];
  struct pollfd input = {.fd = stdin_can_close() ? 0 : -1, .events = POLLIN};
  while (!stop) // poll() has a timeout in case a signal arrives just before it
    if (poll(&input, 1, 100) > 0 && read(0, text, sizeof text) <= 0)
      return;
}

// With --hold: prints the ready line (the truth so far), then waits until standard input closes. finish() calls hold()
// too, so a program that does not call it earlier waits after its requests have ended.
UNUSED_OK static void hold(void) {
  if (!truth->hold || truth->held)
    return;
  truth->held = true;
  long_running();
  print_truth(true);
  wait_for_end();
  stop = 0;
  alarm(20);
}

static void *watch_stdin(void *nothing) {
  (void)nothing;
  wait_for_end();
  stop = 1;
  for (;;) { // repeatedly: the signal may arrive just before the main thread blocks
    pthread_kill(truth->main_thread, SIGTERM);
    sleep_ms(20);
  }
  return NULL;
}

// Prints the ready line like hold(), but does not wait. Starts a thread that waits for the end of standard input, then
// sets `stop` and interrupts the main thread's blocking call. Meanwhile the main thread can block as a stuck program
// would.
UNUSED_OK static void hold_beside(void) {
  long_running();
  truth->held = true;
  print_truth(true);
  pthread_t thread;
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  check(!pthread_create(&thread, NULL, watch_stdin, NULL), "no thread");
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

// Closes the rings that are still open, prints the truth and returns main()'s exit status.
UNUSED_OK static int finish(void) {
  hold();
  for (unsigned i = 0; i < truth->ring_count; i++)
    if (truth->rings[i].open)
      close_ring(&truth->rings[i]);
  print_truth(false);
  return 0;
}
