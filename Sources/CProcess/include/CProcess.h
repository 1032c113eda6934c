/*
 * The process itself: preparations before Swift code runs, privileges that the process gives up, and the handling of
 * crashes.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

/* Prepares the process: makes its arguments available without /proc, and keeps the descriptors of closed standard
 * streams from being reused. Makes writes to closed pipes, and writes beyond `ulimit -f`, fail instead of ending the
 * process. Installs the crash handlers. */
void process_start(void);

/* Runs `body`, which must be the calling thread's only work. Names the thread, and sets up an alternate signal stack,
 * so that a stack overflow in `body` is reported. */
void process_run_thread(const char *name, void (*body)(void *), void *context);

/* Blocks all signals except those of crashes, in this thread and in threads that it starts. `before` receives the
 * previous mask. */
void process_block_signals(sigset_t *before);

/* Returns this thread's effective capabilities as a bit mask. Works without /proc. */
uint64_t process_capabilities(void);

/* Gives up all capabilities except those in `kept`, in this thread and in threads that it starts. Sets no_new_privs. */
bool process_keep_capabilities(uint64_t kept);

/* The work that the process still has to do. */
enum process_work {
  PROCESS_CAPTURES,
  PROCESS_OPENS,            /* opens a recording before the screen uses the terminal, then reads it */
  PROCESS_READS,            /* reads an open recording */
  PROCESS_READS_AND_WRITES, /* reads an open recording and writes files */
  PROCESS_SERVES,           /* captures, and accepts connections to an open listener */
};

/* Makes the kernel refuse, in all threads, the system calls that this work does not need, and sets no_new_privs. Later
 * calls of this function can only refuse more system calls. False if the kernel has no seccomp filters. */
bool process_refuse_calls(enum process_work work);

/* True if the kernel has the seccomp filters that process_refuse_calls needs. */
bool process_can_refuse_calls(void);

/* A terminal to restore on a crash: `text` is written to it, then `settings` are set. */
struct process_terminal {
  int descriptor;
  struct termios settings;
  char text[256];
};

/* Sets the terminal to restore on a crash; NULL: none. The struct must stay in memory. */
void process_restore_on_crash(const struct process_terminal *terminal);

/* Restores that terminal now. Async-signal-safe; never waits for the terminal. */
void process_restore_terminal(void);
