/* Interface between CCurses.c and Signals.c. */
#pragma once

#include "CCurses.h"

#include <signal.h>
#include <termios.h>

/* Signals that arrived since the flags were last read. */
struct cc_pending {
  volatile sig_atomic_t ending; /* number of the last signal that asks to end */
  volatile sig_atomic_t resized;
  volatile sig_atomic_t stop;
  volatile sig_atomic_t continued;
};
extern struct cc_pending cc_pending;

/* Installs the handlers. On a crash they restore the terminal with these settings and this text. */
bool cc_signals_install(int tty, const struct termios *settings, const char *restore);
void cc_signals_remove(void);
/* A descriptor that becomes readable at a signal or cc_wake. */
int cc_signals_descriptor(void);
void cc_signals_drain(void);
/* Stops the program. Returns when the program continues. */
void cc_signals_stop(void);
