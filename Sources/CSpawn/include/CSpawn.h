/*
 * Start of child processes (fork, exec) and waiting for signals. Swift does not import the functions for this.
 */
#pragma once

#include <sys/types.h>

/* The user and groups as which a child runs. */
struct spawn_identity {
  uid_t uid;
  gid_t gid;
  const gid_t *groups; /* supplementary groups */
  size_t group_count;
};

/* Options for the start of a child. Descriptors of -1 mean the default. */
struct spawn_options {
  const struct spawn_identity *identity; /* NULL: the user of uringtop */
  int input;                             /* becomes standard input; default: inherited */
  int output;                            /* becomes standard output; default: inherited */
  int error;                             /* becomes standard error; default: the same as output */
  int own_group;        /* 1: own process group, so the child gets no signals typed at the terminal */
  int ends_with_parent; /* 1: the child gets SIGTERM when the thread that has started it ends */
};

/* A child that was forked and waits for spawn_release. */
struct spawn_child {
  pid_t pid;
  int go;     /* pipe to the child, to which spawn_release writes; closed without a write: the child exits */
  int status; /* pipe from the child: the errno of a failed start, or end of file once the program runs */
};

/* Creates a pipe that is closed in executed programs (O_CLOEXEC). Returns 0 or an errno. */
int spawn_pipe(int ends[2]);

/* Forks a child that waits for spawn_release before it executes the program. Returns 0 or an errno. */
int spawn_held(char *const arguments[], const struct spawn_options *options, struct spawn_child *child);

/* Makes the child execute its program, and waits until the program runs. Returns 0, or the errno of the child's failed
 * start. */
int spawn_release(struct spawn_child *child);

/* Ends a child that was not released, and waits for its end. */
void spawn_abandon(struct spawn_child *child);

/* Results of spawn_poll. */
enum spawn_state { SPAWN_RUNNING, SPAWN_EXITED, SPAWN_KILLED, SPAWN_GONE };

/* Checks without waiting whether the child has ended. `value` receives its exit status or the signal that killed it. */
enum spawn_state spawn_poll(pid_t pid, int *value);

/* A signal that has arrived. */
struct spawn_signal {
  int number;        /* 0: no signal arrived within the time */
  int from_terminal; /* 1: sent by the kernel, such as for ^C: the whole foreground process group gets the signal */
};

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGCHLD in this thread and in threads that it starts. */
void spawn_block_signals(void);

/* Adds a signal to those that the other functions block, unblock and wait for. Must be called before them. */
void spawn_expect_signal(int number);

/* Unblocks the signals that spawn_block_signals blocks. */
void spawn_unblock_signals(void);

/* Waits for one of the blocked signals, at most `nanoseconds`; without limit if the number is negative. */
struct spawn_signal spawn_wait_signal(long long nanoseconds);
