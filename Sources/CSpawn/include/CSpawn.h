/*
 * fork, exec and waiting for signals: what Swift does not import.
 */
#pragma once

#include <sys/types.h>

/* Who a child runs as. */
struct spawn_identity {
  const char *user; /* for its supplementary groups */
  uid_t uid;
  gid_t gid;
};

/* How a child is started. */
struct spawn_options {
  const struct spawn_identity *identity; /* NULL: who runs uringtop */
  int input;                             /* becomes standard input; -1: inherited */
  int output;                            /* becomes standard output and error; -1: inherited */
  int own_group;                         /* 1: a process group of its own, away from the terminal */
};

/* A child that waits. */
struct spawn_child {
  pid_t pid;
  int go;     /* spawn_release writes here; closing it instead ends the child */
  int status; /* tells the errno of a failed start; end of file once it runs */
};

/* Forks a child that waits for spawn_release. Returns 0 or an errno. */
int spawn_held(char *const arguments[], const struct spawn_options *options, struct spawn_child *child);

/* Lets the child execute its program, and waits until it does. Returns 0 or the child's errno. */
int spawn_release(struct spawn_child *child);

/* Ends a child that still waits. */
void spawn_abandon(struct spawn_child *child);

/* What spawn_poll found. */
enum spawn_state { SPAWN_RUNNING, SPAWN_EXITED, SPAWN_KILLED, SPAWN_GONE };

/* Whether the child has ended, without waiting. `value` is its exit status or the signal. */
enum spawn_state spawn_poll(pid_t pid, int *value);

/* A signal that has come. */
struct spawn_signal {
  int number;        /* 0: none came in time */
  int from_terminal; /* 1: typed; the terminal's whole foreground group has it */
};

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGCHLD in this thread and those it starts. */
void spawn_block_signals(void);

/* Undoes spawn_block_signals. */
void spawn_unblock_signals(void);

/* Waits for a blocked signal, at most this long; negative: for ever. */
struct spawn_signal spawn_wait_signal(long long nanoseconds);

/* Makes writing to a closed pipe fail instead of ending the process. */
void spawn_ignore_sigpipe(void);
