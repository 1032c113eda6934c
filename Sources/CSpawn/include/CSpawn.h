/*
 * fork, exec and waiting for signals, which Swift does not import.
 */
#pragma once

#include <sys/types.h>

/* The user that a child runs as. */
struct spawn_identity {
  uid_t uid;
  gid_t gid;
  const gid_t *groups; /* supplementary groups */
  size_t group_count;
};

/* How a child is started. */
struct spawn_options {
  const struct spawn_identity *identity; /* NULL: the user of uringtop */
  int input;                             /* becomes standard input; -1: inherited */
  int output;           /* becomes standard output and, without error, error; -1: inherited */
  int error;            /* becomes standard error; -1: as output */
  int own_group;        /* 1: its own process group, not the terminal's */
  int ends_with_parent; /* 1: SIGTERM when the thread that started it ends */
};

/* A child that waits for spawn_release. */
struct spawn_child {
  pid_t pid;
  int go;     /* spawn_release writes here; closing it ends the child */
  int status; /* the errno of a failed start, or end of file once the program runs */
};

/* A pipe whose ends programs do not inherit. Returns 0 or an errno. */
int spawn_pipe(int ends[2]);

/* Forks a child that waits for spawn_release. Returns 0 or an errno. */
int spawn_held(char *const arguments[], const struct spawn_options *options, struct spawn_child *child);

/* Makes the child execute its program and waits for that. Returns 0 or the child's errno. */
int spawn_release(struct spawn_child *child);

/* Ends a child that was not released. */
void spawn_abandon(struct spawn_child *child);

/* Results of spawn_poll. */
enum spawn_state { SPAWN_RUNNING, SPAWN_EXITED, SPAWN_KILLED, SPAWN_GONE };

/* Checks without waiting whether the child has ended. `value` is its exit status or the signal. */
enum spawn_state spawn_poll(pid_t pid, int *value);

/* A signal that arrived. */
struct spawn_signal {
  int number;        /* 0: none within the time */
  int from_terminal; /* 1: typed; the terminal's whole foreground group gets it */
};

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGCHLD in this thread and in threads that it starts. */
void spawn_block_signals(void);

/* Has the functions here block and wait for this signal as well. Call it before them. */
void spawn_expect_signal(int number);

/* Undoes spawn_block_signals. */
void spawn_unblock_signals(void);

/* Waits for a blocked signal, at most this long. Negative: without limit. */
struct spawn_signal spawn_wait_signal(long long nanoseconds);
