/*
 * The process itself: preparations before Swift starts, and the last output of a process that cannot continue.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

/* Makes arguments available without /proc, keeps closed standard descriptors from being reused, makes writes to closed
 * pipes and beyond `ulimit -f` fail instead of ending the process, and catches crashes. */
void process_start(void);

/* Runs `body` as this thread's only work: named, and with a stack on which a stack overflow can be reported. */
void process_run_thread(const char *name, void (*body)(void *), void *context);

/* Blocks all signals except those of crashes, in this thread and in threads that it starts. */
void process_block_signals(sigset_t *before);

/* This thread's effective capabilities, one bit each. Works without /proc. */
uint64_t process_capabilities(void);

/* Gives up all other capabilities, for this thread and threads that it starts, and sets no_new_privs. */
bool process_keep_capabilities(uint64_t kept);

/* The process's remaining work. */
enum process_work {
  PROCESS_CAPTURES,
  PROCESS_OPENS,            /* opens a recording before the screen uses the terminal, then reads it */
  PROCESS_READS,            /* reads an open recording */
  PROCESS_READS_AND_WRITES, /* reads an open recording and writes files */
  PROCESS_SERVES,           /* captures, and accepts connections to an open listener */
};

/* Makes the kernel refuse the system calls that this work does not need, in all threads, and sets no_new_privs. Later
 * calls can only refuse more. False if the kernel has no filters. */
bool process_refuse_calls(enum process_work work);

/* True if process_refuse_calls can work. */
bool process_can_refuse_calls(void);

/* A terminal that a crash restores: text to write, then settings. */
struct process_terminal {
  int descriptor;
  struct termios settings;
  char text[256];
};

/* Restores this terminal on a crash. It must stay in memory. NULL: none. */
void process_restore_on_crash(const struct process_terminal *terminal);

/* Restores it now. Async-signal-safe; never waits for the terminal. */
void process_restore_terminal(void);
