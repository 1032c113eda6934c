/*
 * Mouse reports. curses' own parser blocks until a report that has begun is complete. This parser reads the bytes as
 * they arrive.
 */
#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#include "internal.h"

#include <curses.h>
#include <poll.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

/* Key numbers that curses returns for the bytes that begin a mouse report. They are above all numbers of real keys. */
enum { SGR_REPORT = KEY_MAX + 1, X10_REPORT };

/* Texts that switch reports of button presses on and off. The terminal uses the SGR encoding (1006) if it supports that
 * encoding, else the X10 encoding. */
#define REPORTS_ON "\033[?1000h\033[?1006h"
#define REPORTS_OFF "\033[?1000l\033[?1006l"

/* Bits of a button's number: MODIFIERS if shift, meta or control was held, WHEEL if the wheel was turned. */
#define MODIFIERS (4 | 8 | 16)
#define WHEEL 64

static bool is_available;

/* The report that is being read. */
static struct {
  int encoding;   /* SGR_REPORT or X10_REPORT; 0: no report is being read */
  int numbers[3]; /* button, column and row; column and row start at 1 */
  int position;   /* index of the number that is being read */
} report;

const char *cc_mouse_find(void) {
  const char *mouse = tigetstr("kmous");
  is_available = mouse && mouse != (char *)-1;
  return is_available ? REPORTS_OFF : "";
}

void cc_mouse_open(void) {
  report.encoding = 0;
  if (!is_available)
    return;
  define_key("\033[<", SGR_REPORT);
  define_key("\033[M", X10_REPORT);
  cc_mouse_enable(true);
}

void cc_mouse_enable(bool on) {
  if (is_available)
    putp(on ? REPORTS_ON : REPORTS_OFF);
}

bool cc_mouse_begin(uint32_t key) {
  if (key != SGR_REPORT && key != X10_REPORT)
    return false;
  memset(&report, 0, sizeof(report));
  report.encoding = (int)key;
  return true;
}

/* Sets the event of a complete report. Only presses of the left button and turns of the wheel have an event. */
static enum cc_mouse_result finish(bool is_press, struct cc_input *event) {
  report.encoding = 0;
  int button = report.numbers[0] & ~MODIFIERS;
  int column = report.numbers[1], row = report.numbers[2];
  if (!is_press || column < 1 || row < 1 || (button != 0 && button != WHEEL && button != WHEEL + 1))
    return CC_MOUSE_IGNORED;
  enum cc_event kind = button == 0 ? CC_CLICK : button == WHEEL ? CC_WHEEL_UP : CC_WHEEL_DOWN;
  *event = (struct cc_input){.event = kind, .row = row - 1, .column = column - 1};
  return CC_MOUSE_EVENT;
}

enum cc_mouse_result cc_mouse_read(int fd, struct cc_input *event) {
  struct pollfd file = {.fd = fd, .events = POLLIN};
  unsigned char byte;
  while (report.encoding) {
    if (poll(&file, 1, 0) != 1 || read(fd, &byte, 1) != 1)
      return CC_MOUSE_UNFINISHED;
    int *number = &report.numbers[report.position];
    if (report.encoding == X10_REPORT) {
      *number = byte - 32;
      if (report.position++ == 2)
        return finish(true, event);
    } else if (byte >= '0' && byte <= '9') {
      *number = *number < 10000 ? *number * 10 + byte - '0' : *number;
    } else if (byte == ';' && report.position < 2) {
      report.position++;
    } else if ((byte == 'M' || byte == 'm') && report.position == 2) {
      return finish(byte == 'M', event);
    } else {
      /* The bytes are no report: this byte is other input, which curses reads next. */
      report.encoding = 0;
      ungetch(byte);
    }
  }
  return CC_MOUSE_NONE;
}
