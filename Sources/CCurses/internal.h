/* Interface between CCurses.c, Mouse.c and Signals.c. */
#pragma once

#include "CCurses.h"

#include <signal.h>
#include <termios.h>

/* Signals that have arrived and that cc_read has not yet handled. */
struct cc_pending {
  volatile sig_atomic_t ending; /* number of the last signal that requests the end of the process */
  volatile sig_atomic_t resized;
  volatile sig_atomic_t stop;
  volatile sig_atomic_t continued;
};
extern struct cc_pending cc_pending;

/* Installs the handlers. On a crash, the terminal gets back `settings`, and the text `restore` is written to it. */
bool cc_signals_install(int tty, const struct termios *settings, const char *restore);
void cc_signals_remove(void);
/* A descriptor that becomes readable when a signal arrives or cc_wake is called. */
int cc_signals_descriptor(void);
void cc_signals_drain(void);
/* Stops the process by SIGTSTP. Returns when the process continues. */
void cc_signals_stop(void);

/* Results of cc_mouse_read: the state of a mouse report. */
enum cc_mouse_result {
  CC_MOUSE_NONE,       /* no report is being read */
  CC_MOUSE_UNFINISHED, /* more bytes must arrive */
  CC_MOUSE_EVENT,      /* the report is complete, and `event` is set */
  CC_MOUSE_IGNORED,    /* a report without an event, such as the release of a button */
};

/* Checks whether the terminal supports a mouse. Returns the text that switches mouse reports off, empty without a
 * mouse. */
const char *cc_mouse_find(void);
/* Switches mouse reports on. curses' keypad() must be enabled before, because it detects the start of a report. */
void cc_mouse_open(void);
void cc_mouse_enable(bool on);
/* Begins to read a mouse report if the key from curses is the start of one. False if it is not. */
bool cc_mouse_begin(uint32_t key);
/* Reads those bytes of the mouse report that have arrived, without waiting for more. */
enum cc_mouse_result cc_mouse_read(int fd, struct cc_input *event);
