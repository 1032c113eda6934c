/* The handling of crashes. Signal handlers call only async-signal-safe functions. */
#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

static const struct {
  int number;
  const char *name;
} crashes[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGILL, "SIGILL"},
    {SIGTRAP, "SIGTRAP"}, {SIGFPE, "SIGFPE"}, {SIGABRT, "SIGABRT"},
};
#define COUNT (sizeof(crashes) / sizeof(crashes[0]))

/* Exit status EX_OSERR of sysexits.h. */
#define STATUS_SYSTEM 71
/* Size of the alternate signal stacks: enough for a signal frame with all registers of the processor. */
#define STACK_SIZE 32768

static struct sigaction before[COUNT];
static _Atomic(const struct process_terminal *) terminal;
static atomic_flag is_ending = ATOMIC_FLAG_INIT;

void process_restore_on_crash(const struct process_terminal *value) {
  atomic_store(&terminal, value);
}

void process_restore_terminal(void) {
  const struct process_terminal *restored = atomic_load(&terminal);
  if (!restored)
    return;
  /* O_NONBLOCK: the write must not block if the terminal's output is stopped (^S). */
  int flags = fcntl(restored->descriptor, F_GETFL);
  fcntl(restored->descriptor, F_SETFL, flags | O_NONBLOCK);
  (void)!write(restored->descriptor, restored->text, strlen(restored->text));
  fcntl(restored->descriptor, F_SETFL, flags);
  tcsetattr(restored->descriptor, TCSANOW, &restored->settings);
}

/* A line of output, composed piece by piece because snprintf is not async-signal-safe. */
struct line {
  char text[256];
  size_t length;
};

static void add(struct line *line, const char *text) {
  while (*text && line->length < sizeof(line->text))
    line->text[line->length++] = *text++;
}

static void add_number(struct line *line, unsigned long value, unsigned base) {
  char digits[24];
  char *first = digits + sizeof(digits) - 1;
  *first = 0;
  do
    *--first = "0123456789abcdef"[value % base];
  while (value /= base);
  add(line, first);
}

/* Restores the terminal and returns true in the first thread that crashes. Returns false in any further thread, which
 * must then wait for the end of the process. */
static bool begin_end(void) {
  if (atomic_flag_test_and_set(&is_ending))
    return false;
  process_restore_terminal();
  return true;
}

static void print(struct line *line) {
  add(line, "\n");
  (void)!write(STDERR_FILENO, line->text, line->length);
}

static void add_thread(struct line *line) {
  char name[16] = "";
  prctl(PR_GET_NAME, name);
  add(line, name);
}

static unsigned long instruction(const ucontext_t *context) {
#if defined(__x86_64__)
  return context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return context->uc_mcontext.pc;
#else
  return 0;
#endif
}

/* Prints a line and reinstalls the previous handlers. After the return the fault repeats, and the previous handler
 * receives it. */
static void on_crash(int number, siginfo_t *info, void *context) {
  if (!begin_end())
    for (;;)
      pause();
  struct line line = {.length = 0};
  add(&line, "uringtop: crashed in thread ");
  add_thread(&line);
  add(&line, " at 0x");
  add_number(&line, instruction(context), 16);
  for (size_t i = 0; i < COUNT; i++) {
    sigaction(crashes[i].number, &before[i], NULL);
    if (crashes[i].number == number) {
      add(&line, " (");
      add(&line, crashes[i].name);
      add(&line, "): please report this line");
    }
  }
  print(&line);
  if (info->si_code <= 0)
    raise(number); /* the signal was sent by a process: unlike a fault, it does not repeat by itself */
}

void process_catch_crashes(void) {
  static char stack[STACK_SIZE];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
  sigaltstack(&alternate, NULL);
  /* The handler runs with all crash signals blocked, so a fault in the handler ends the process. */
  struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < COUNT; i++)
    sigaddset(&action.sa_mask, crashes[i].number);
  /* The previous handlers are those of Swift's runtime. They print a backtrace if its helper program exists, so they
   * are called only if the user wants a backtrace. */
  bool wants_backtrace = getenv("SWIFT_BACKTRACE");
  for (size_t i = 0; i < COUNT; i++) {
    sigaction(crashes[i].number, &action, &before[i]);
    if (!wants_backtrace)
      before[i] = (struct sigaction){.sa_handler = SIG_DFL};
  }
  /* Unblocks the signals: the parent process may have started this process with these signals blocked. */
  pthread_sigmask(SIG_UNBLOCK, &action.sa_mask, NULL);
}

void process_run_thread(const char *name, void (*body)(void *), void *context) {
  /* The alternate stack is part of the thread's own stack. Its pages use no memory until a crash touches them. */
  char stack[STACK_SIZE];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
  sigaltstack(&alternate, NULL);
  prctl(PR_SET_NAME, name);
  body(context);
  alternate.ss_flags = SS_DISABLE;
  sigaltstack(&alternate, NULL);
}

void process_block_signals(sigset_t *previous) {
  sigset_t blocked;
  sigfillset(&blocked);
  for (size_t i = 0; i < COUNT; i++)
    sigdelset(&blocked, crashes[i].number);
  pthread_sigmask(SIG_SETMASK, &blocked, previous);
}

/* In static builds (Package.swift: --wrap), the linker replaces the Swift runtime's function for a failed allocation by
 * this one. The runtime's function prints a stack trace and aborts. */
_Noreturn void __wrap__ZN5swift28swift_abortAllocationFailureEmm(size_t size, size_t alignment) {
  (void)alignment;
  if (!begin_end())
    for (;;)
      pause();
  struct line line = {.length = 0};
  add(&line, "uringtop: out of memory: the system refused ");
  add_number(&line, size, 10);
  add(&line, " bytes");
  print(&line);
  _exit(STATUS_SYSTEM);
}
