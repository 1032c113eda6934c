/* Interface between CCurses.c, Mouse.c and Signals.c. */
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

/* The state of a mouse report after the bytes that have arrived. */
enum cc_mouse_result {
  CC_MOUSE_NONE,       /* none is underway */
  CC_MOUSE_UNFINISHED, /* more bytes must arrive */
  CC_MOUSE_EVENT,
  CC_MOUSE_IGNORED, /* a report without an event, such as the release of a button */
};

/* Checks whether the terminal has a mouse. Returns the text that switches its reports off; empty without a mouse. */
const char *cc_mouse_find(void);
/* Switches reports on. Keys must be enabled. */
void cc_mouse_open(void);
void cc_mouse_enable(bool on);
/* True if the key is the start of a report. */
bool cc_mouse_begin(uint32_t key);
/* Reads the bytes of the report that have arrived. */
enum cc_mouse_result cc_mouse_read(int fd, struct cc_input *event);
