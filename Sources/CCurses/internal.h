/* What the two halves of the shim share. */
#pragma once

#include "CCurses.h"

#include <signal.h>
#include <termios.h>

/* The handlers' side: what arrived since it was last taken. */
struct cc_pending {
  volatile sig_atomic_t ending; /* number of the last signal that asks to end */
  volatile sig_atomic_t resized;
  volatile sig_atomic_t stop;
  volatile sig_atomic_t continued;
};
extern struct cc_pending cc_pending;

/* Installs the handlers; the terminal is restored with these settings and this text by a crash. */
bool cc_signals_install(int tty, const struct termios *settings, const char *restore);
void cc_signals_remove(void);
/* Becomes readable at a signal or cc_wake. */
int cc_signals_descriptor(void);
void cc_signals_drain(void);
/* Stops the program; returns when it is continued. */
void cc_signals_stop(void);
