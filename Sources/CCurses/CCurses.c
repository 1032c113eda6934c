/* The screen and the keyboard. */
#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#include "internal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

static SCREEN *screen;
static FILE *input;
static bool has_own_input;
static bool is_open;
static struct termios settings;

static void restore_string(char *text, size_t size, const char *capability) {
  const char *value = tigetstr(capability);
  if (value && value != (char *)-1)
    strncat(text, value, size - strlen(text) - 1);
}

/* Terminals without a terminfo entry on many systems, each with a relative: an entry with the same sequences. */
static const struct {
  const char *name, *relative;
} relatives[] = {
    {"alacritty", "xterm-256color"}, {"foot", "xterm-256color"},    {"ghostty", "xterm-256color"},
    {"kitty", "xterm-256color"},     {"wezterm", "xterm-256color"}, {"xterm", "xterm-256color"},
    {"rio", "xterm-256color"},       {"contour", "xterm-256color"}, {"konsole", "xterm-256color"},
    {"vte", "xterm-256color"},       {"st", "xterm-256color"},      {"tmux", "screen-256color"},
    {"screen", "screen-256color"},
};

/* True if `name` is `of`, alone or with a suffix after a hyphen: "foot-extra" matches "foot", "football" does not. */
static bool is_variant(const char *name, const char *of) {
  size_t length = strlen(of);
  return strncmp(name, of, length) == 0 && (!name[length] || name[length] == '-');
}

/* Loads the terminfo entry of a terminal or, if there is none, of its relative. Returns the entry's name, or NULL. */
static const char *load_description(const char *name) {
  int status = 0;
  if (setupterm(name, STDOUT_FILENO, &status) == OK)
    return name;
  for (size_t i = 0; i < sizeof relatives / sizeof *relatives; i++)
    if (is_variant(name, relatives[i].name) && setupterm(relatives[i].relative, STDOUT_FILENO, &status) == OK)
      return relatives[i].relative;
  return NULL;
}

enum cc_failure cc_open(void) {
  if (is_open)
    return CC_OK;
  if (!isatty(STDOUT_FILENO))
    return CC_NO_TERMINAL;
  has_own_input = !isatty(STDIN_FILENO);
  if (has_own_input) {
    int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !(input = fdopen(fd, "r")))
      return CC_NO_TERMINAL;
  } else {
    input = stdin;
  }
  setlocale(LC_CTYPE, "");
  const char *name = getenv("TERM");
  name = name && *name ? load_description(name) : NULL;
  if (!name)
    return CC_UNKNOWN_TERMINAL;
  if (!cursor_address || !clear_screen)
    return CC_POOR_TERMINAL;
  tcgetattr(STDOUT_FILENO, &settings);

  static bool is_registered;
  if (!is_registered && atexit(cc_close) == 0)
    is_registered = true;
  fflush(stdout);
  if (!(screen = newterm(name, stdout, input)))
    return CC_UNKNOWN_TERMINAL;
  set_term(screen);
  is_open = true;

  char text[256] = "";
  restore_string(text, sizeof(text), "sgr0");
  restore_string(text, sizeof(text), "rmkx");
  restore_string(text, sizeof(text), "rmcup");
  restore_string(text, sizeof(text), "cnorm");
  strncat(text, cc_mouse_find(), sizeof(text) - strlen(text) - 1);
  cc_signals_install(STDOUT_FILENO, &settings, text);

  cbreak();
  noecho();
  nonl();
  intrflush(stdscr, FALSE);
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  leaveok(stdscr, FALSE);
  set_escdelay(25);
  curs_set(0);
  if (has_colors()) {
    start_color();
    use_default_colors();
  }
  cc_mouse_open();
  return CC_OK;
}

void cc_close(void) {
  if (!is_open)
    return;
  is_open = false;
  cc_mouse_enable(false);
  curs_set(1);
  endwin();
  fflush(stdout);
  tcsetattr(STDOUT_FILENO, TCSADRAIN, &settings);
  cc_signals_remove();
  delscreen(screen);
  screen = NULL;
  if (has_own_input)
    fclose(input);
}

bool cc_is_utf8(void) {
  return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int32_t cc_colors(void) {
  return has_colors() ? COLORS : 0;
}

void cc_define_pair(int32_t pair, int32_t foreground, int32_t background) {
  init_extended_pair(pair, foreground, background);
}

void cc_size(int32_t *height, int32_t *width) {
  getmaxyx(stdscr, *height, *width);
}

void cc_forget(void) {
  clearok(curscr, TRUE);
}

void cc_put(int32_t row, int32_t column, const char *utf8, int32_t length, uint8_t attributes, int32_t pair) {
  attr_t attr = (attributes & CC_BOLD ? A_BOLD : 0) | (attributes & CC_DIM ? A_DIM : 0) |
                (attributes & CC_REVERSE ? A_REVERSE : 0) | (attributes & CC_UNDERLINE ? A_UNDERLINE : 0);
  attr_set(attr, (short)pair, NULL);
  mvaddnstr(row, column, utf8, length);
}

void cc_flush(int32_t row, int32_t column) {
  curs_set(row >= 0);
  if (row >= 0)
    move(row, column);
  wnoutrefresh(stdscr);
  doupdate();
}

/* Reads the window size from the terminal and adapts curses to it. */
static void adopt_size(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
    resizeterm(size.ws_row, size.ws_col);
}

/* Restores the terminal and stops the process, as ^Z does without a handler. Returns when the process continues. */
static void suspend(void) {
  cc_mouse_enable(false);
  endwin();
  cc_signals_stop();
}

/* Sets up the terminal again after the process was stopped, by suspend() or by SIGSTOP, which cannot be caught. */
static void take_back(void) {
  if (!isendwin())
    endwin();
  cc_mouse_enable(true);
  adopt_size();
  clearok(curscr, TRUE);
  refresh();
}

static struct cc_input event_of(enum cc_event event, uint32_t code) {
  return (struct cc_input){.event = event, .code = code};
}

static const struct {
  wint_t curses;
  enum cc_key key;
} keys[] = {
    {KEY_UP, CC_UP},         {KEY_DOWN, CC_DOWN},           {KEY_LEFT, CC_LEFT},   {KEY_RIGHT, CC_RIGHT},
    {KEY_PPAGE, CC_PAGE_UP}, {KEY_NPAGE, CC_PAGE_DOWN},     {KEY_HOME, CC_HOME},   {KEY_FIND, CC_HOME},
    {KEY_END, CC_END},       {KEY_SELECT, CC_END},          {KEY_ENTER, CC_ENTER}, {KEY_BTAB, CC_BACK_TAB},
    {KEY_DC, CC_DELETE},     {KEY_BACKSPACE, CC_BACKSPACE},
};

static struct cc_input translate_key(wint_t code) {
  if (code == KEY_RESIZE)
    return event_of(CC_RESIZE, 0);
  if (code >= KEY_F(1) && code <= KEY_F(24))
    return event_of(CC_FUNCTION, code - KEY_F(0));
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    if (keys[i].curses == code)
      return event_of(CC_KEY, keys[i].key);
  return event_of(CC_KEY, CC_OTHER);
}

static struct cc_input translate_character(wint_t code) {
  switch (code) {
    case '\r':
    case '\n':
      return event_of(CC_KEY, CC_ENTER);
    case '\t':
      return event_of(CC_KEY, CC_TAB);
    case 8:
    case 127:
      return event_of(CC_KEY, CC_BACKSPACE);
    case 27:
      return event_of(CC_KEY, CC_ESCAPE);
    default:
      return event_of(CC_CHARACTER, code);
  }
}

struct cc_input cc_read(int32_t milliseconds) {
  for (bool has_waited = false;;) {
    if (cc_pending.ending) {
      uint32_t number = cc_pending.ending;
      cc_pending.ending = 0;
      return event_of(CC_SIGNAL, number);
    }
    if (cc_pending.stop) {
      suspend();
      cc_pending.continued = 1;
    }
    if (cc_pending.continued) {
      cc_pending.continued = 0;
      take_back();
      return event_of(CC_CONTINUED, 0);
    }
    if (cc_pending.resized) {
      cc_pending.resized = 0;
      adopt_size();
      return event_of(CC_RESIZE, 0);
    }
    struct cc_input event;
    enum cc_mouse_result mouse = cc_mouse_read(fileno(input), &event);
    if (mouse == CC_MOUSE_EVENT)
      return event;
    if (mouse == CC_MOUSE_IGNORED)
      continue;
    if (mouse == CC_MOUSE_NONE) {
      wint_t code;
      int status = get_wch(&code);
      if (status == KEY_CODE_YES && cc_mouse_begin(code))
        continue;
      if (status == KEY_CODE_YES)
        return translate_key(code);
      if (status == OK)
        return translate_character(code);
    }
    if (has_waited)
      return event_of(CC_NONE, 0);
    has_waited = true;

    struct pollfd files[] = {
        {.fd = fileno(input), .events = POLLIN}, {.fd = cc_signals_descriptor(), .events = POLLIN}};
    int ready = poll(files, 2, milliseconds);
    if (ready > 0 && files[1].revents)
      cc_signals_drain();
    if (ready > 0 && files[0].revents & (POLLHUP | POLLERR | POLLNVAL))
      return event_of(CC_HANG_UP, 0);
  }
}
