/*
 * terminal SCREEN COMMAND [ARGUMENT...]: runs a command in a terminal of 132 columns. Copies the terminal's output to
 * the file SCREEN, and standard input to the terminal's input. Exits with the command's status as a shell reports it.
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count < 3)
    return 64;
  int screen = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), terminal;
  struct winsize size = {.ws_row = 43, .ws_col = 132};
  pid_t child = screen < 0 ? -1 : forkpty(&terminal, NULL, NULL, &size);
  if (child < 0) {
    perror("terminal");
    return 125;
  }
  if (child == 0) {
    setenv("TERM", "xterm-256color", 1);
    execvp(arguments[2], &arguments[2]);
    _exit(127);
  }
  struct pollfd files[] = {{terminal, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  while (poll(files, 2, -1) >= 0) {
    char bytes[4096];
    if (files[0].revents) {
      ssize_t length = read(terminal, bytes, sizeof bytes);
      if (length <= 0) /* EIO: no process has the terminal open any more */
        break;
      if (write(screen, bytes, (size_t)length) != length)
        return 125;
    }
    if (files[1].revents) {
      ssize_t length = read(STDIN_FILENO, bytes, sizeof bytes);
      if (length <= 0)
        files[1].fd = -1;
      else if (write(terminal, bytes, (size_t)length) != length)
        return 125;
    }
  }
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
