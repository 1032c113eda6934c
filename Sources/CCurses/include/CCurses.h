/*
 * The parts of ncursesw that the terminal wrapper in UringUI needs, as functions: Swift cannot import macros.
 *
 * All functions except cc_wake must be called by the thread that called cc_open.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Attributes of text: bits that can be combined. */
enum cc_attribute : uint8_t {
  CC_BOLD = 1,
  CC_DIM = 2,
  CC_REVERSE = 4,
  CC_UNDERLINE = 8,
};

/* Results of cc_read. */
enum cc_event : uint8_t {
  CC_NONE,      /* timeout, or cc_wake was called */
  CC_CHARACTER, /* `code` is a Unicode scalar */
  CC_KEY,       /* `code` is a cc_key */
  CC_FUNCTION,  /* `code` is the number of the function key */
  CC_CLICK,     /* the left button was pressed at `row` and `column` */
  CC_WHEEL_UP,
  CC_WHEEL_DOWN,
  CC_RESIZE,    /* cc_size has changed */
  CC_CONTINUED, /* the process was stopped and continues: everything must be drawn again */
  CC_SIGNAL,    /* `code` is a signal that requests the end of the process */
  CC_HANG_UP,   /* the terminal was closed */
};

enum cc_key : uint8_t {
  CC_UP,
  CC_DOWN,
  CC_LEFT,
  CC_RIGHT,
  CC_PAGE_UP,
  CC_PAGE_DOWN,
  CC_HOME,
  CC_END,
  CC_ENTER,
  CC_TAB,
  CC_BACK_TAB,
  CC_BACKSPACE,
  CC_DELETE,
  CC_ESCAPE,
  CC_OTHER,
};

struct cc_input {
  enum cc_event event;
  uint32_t code;
  int32_t row;
  int32_t column;
};

/* Results of cc_open: the reason why it failed. */
enum cc_failure : uint8_t {
  CC_OK,
  CC_NO_TERMINAL,      /* standard output is not a terminal, or no terminal can be opened for input */
  CC_UNKNOWN_TERMINAL, /* no terminfo entry for TERM */
  CC_POOR_TERMINAL,    /* the terminal cannot move the cursor, or cannot clear the screen */
};

/* Starts to use the terminal for the screen. The terminal is restored by cc_close, at exit and on a crash. */
enum cc_failure cc_open(void);
/* Restores the terminal. Does nothing if cc_open has not succeeded. */
void cc_close(void);

/* True if the locale's encoding is UTF-8. */
bool cc_is_utf8(void);
/* Number of colours of the terminal; 0 if it has none. */
int32_t cc_colors(void);
/* Defines a colour pair; pair numbers start at 1. The colour -1 is the terminal's default colour. */
void cc_define_pair(int32_t pair, int32_t foreground, int32_t background);

void cc_size(int32_t *height, int32_t *width);
/* Makes the next cc_flush redraw the whole screen. */
void cc_forget(void);
/* Writes text, shown at the next cc_flush. The text must not contain control characters. */
void cc_put(int32_t row, int32_t column, const char *utf8, int32_t length, uint8_t attributes, int32_t pair);
/* Shows the written text. Shows the cursor at `row` and `column`, or hides it if `row` is negative. */
void cc_flush(int32_t row, int32_t column);

/* Waits for input, a signal or cc_wake, at most `milliseconds`; without limit if the number is negative. */
struct cc_input cc_read(int32_t milliseconds);
/* Ends the wait of cc_read. Callable from any thread and from signal handlers. */
void cc_wake(void);
