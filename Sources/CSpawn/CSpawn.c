#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void report(int fd, int error) {
  ssize_t written;
  do
    written = write(fd, &error, sizeof error);
  while (written < 0 && errno == EINTR);
  _exit(127);
}

/* Waits for spawn_release and executes the program. Runs in the child after fork, so it may make only async-signal-safe
 * calls. */
static void run_child(char *const arguments[], const struct spawn_options *options, int go, int status) {
  sigset_t none;
  sigemptyset(&none);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (options->own_group)
    setpgid(0, 0);

  char byte;
  ssize_t got;
  do
    got = read(go, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1)
    _exit(127); /* uringtop has exited, or has abandoned the child */

  if (options->input >= 0 && dup2(options->input, STDIN_FILENO) < 0)
    report(status, errno);
  int error = options->error >= 0 ? options->error : options->output;
  if (options->output >= 0 && dup2(options->output, STDOUT_FILENO) < 0)
    report(status, errno);
  if (error >= 0 && dup2(error, STDERR_FILENO) < 0)
    report(status, errno);
  const struct spawn_identity *identity = options->identity;
  if (identity && (setgroups(identity->group_count, identity->groups) != 0 || setgid(identity->gid) != 0 ||
                   setuid(identity->uid) != 0))
    report(status, errno);
  /* Set after the change of user, because setuid clears this setting. */
  if (options->ends_with_parent && prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
    report(status, errno);
  execvp(arguments[0], arguments);
  report(status, errno);
}

int spawn_pipe(int ends[2]) {
  return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
}

int spawn_held(char *const arguments[], const struct spawn_options *options, struct spawn_child *child) {
  int go[2], status[2];
  if (pipe2(go, O_CLOEXEC) != 0)
    return errno;
  if (pipe2(status, O_CLOEXEC) != 0) {
    int error = errno;
    close(go[0]);
    close(go[1]);
    return error;
  }
  pid_t pid = fork();
  int error = errno;
  if (pid == 0) {
    close(go[1]);
    close(status[0]);
    run_child(arguments, options, go[0], status[1]);
  }
  close(go[0]);
  close(status[1]);
  if (pid < 0) {
    close(go[1]);
    close(status[0]);
    return error;
  }
  if (options->own_group)
    setpgid(pid, pid);
  *child = (struct spawn_child){.pid = pid, .go = go[1], .status = status[0]};
  return 0;
}

int spawn_release(struct spawn_child *child) {
  ssize_t result;
  do
    result = write(child->go, "g", 1);
  while (result < 0 && errno == EINTR);
  int error = 0;
  if (result == 1) {
    do
      result = read(child->status, &error, sizeof error);
    while (result < 0 && errno == EINTR);
    if (result != sizeof error)
      error = 0;
  }
  /* If the write or the read failed, the child was killed while it waited. spawn_poll reports that. */
  close(child->go);
  close(child->status);
  child->go = child->status = -1;
  if (error)
    waitpid(child->pid, NULL, 0);
  return error;
}

void spawn_abandon(struct spawn_child *child) {
  if (child->go < 0)
    return;
  close(child->go);
  close(child->status);
  child->go = child->status = -1;
  waitpid(child->pid, NULL, 0);
}

enum spawn_state spawn_poll(pid_t pid, int *value) {
  int status;
  pid_t result;
  do
    result = waitpid(pid, &status, WNOHANG);
  while (result < 0 && errno == EINTR);
  if (result == 0)
    return SPAWN_RUNNING;
  if (result < 0)
    return SPAWN_GONE;
  if (WIFSIGNALED(status)) {
    *value = WTERMSIG(status);
    return SPAWN_KILLED;
  }
  *value = WEXITSTATUS(status);
  return SPAWN_EXITED;
}

/* A further signal to block and wait for; 0: none. Must be set before threads start. */
static int further_signal;

void spawn_expect_signal(int number) {
  further_signal = number;
}

static sigset_t expected_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGCHLD);
  if (further_signal)
    sigaddset(&set, further_signal);
  return set;
}

void spawn_block_signals(void) {
  sigset_t set = expected_signals();
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void spawn_unblock_signals(void) {
  sigset_t set = expected_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

struct spawn_signal spawn_wait_signal(long long nanoseconds) {
  sigset_t set = expected_signals();
  siginfo_t info;
  int number;
  if (nanoseconds < 0) {
    number = sigwaitinfo(&set, &info);
  } else {
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    number = sigtimedwait(&set, &info, &time);
  }
  if (number < 0)
    return (struct spawn_signal){0, 0};
  return (struct spawn_signal){number, info.si_code == SI_KERNEL};
}
