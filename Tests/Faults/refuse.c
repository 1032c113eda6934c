/*
 * refuse program|map|link NAME|NUMBER ERROR COMMAND [ARGUMENT...]: runs a command while the kernel refuses it a BPF
 * program, a map or an attachment, by its name or as the one of this number, with a number of errno.
 *
 * Ends with the command's status. The last line on standard error is {"calls":N,"refused":N,"name":"..."}.
 * refuse programs: lists the BPF programs of the machine: name, instructions that the verifier processed, size.
 */
#include "refuse.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "refuse: %s: %s\n", what, strerror(errno));
  exit(125);
}

static int list_programs(void) {
  __u32 id = 0;
  while (bpf_prog_get_next_id(id, &id) == 0) {
    struct bpf_prog_info info = {0};
    __u32 size = sizeof(info);
    int program = bpf_prog_get_fd_by_id(id);
    if (program < 0)
      continue;
    if (bpf_obj_get_info_by_fd(program, &info, &size) == 0)
      printf("%s %u %u\n", info.name, info.verified_insns, info.xlated_prog_len / 8);
    close(program);
  }
  return 0;
}

static void *section(struct bpf_object *object, const char *suffix, size_t *size) {
  struct bpf_map *map;
  bpf_object__for_each_map (map, object) {
    const char *name = bpf_map__name(map);
    size_t length = strlen(name), end = strlen(suffix);
    if (length >= end && strcmp(name + length - end, suffix) == 0)
      return (void *)bpf_map__initial_value(map, size);
  }
  fail(suffix);
  return NULL;
}

static struct refuse_rule parse(char **arguments) {
  struct refuse_rule rule = {.error = atoi(arguments[2]), .call = (__u32)atoi(arguments[1])};
  rule.kind = strcmp(arguments[0], "program") == 0 ? REFUSE_PROGRAM
              : strcmp(arguments[0], "map") == 0   ? REFUSE_MAP
                                                   : REFUSE_LINK;
  if (rule.call == 0)
    snprintf(rule.name, sizeof(rule.name), "%s", arguments[1]);
  return rule;
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "programs") == 0)
    return list_programs();
  if (count < 5) {
    fprintf(stderr, "usage: refuse program|map|link NAME|NUMBER ERROR COMMAND... | refuse programs\n");
    return 64;
  }
  int start[2];
  if (pipe(start) != 0)
    fail("pipe");
  pid_t child = fork();
  if (child == 0) {
    char byte;
    close(start[1]);
    if (read(start[0], &byte, 1) != 1)
      _exit(125);
    close(start[0]);
    execvp(arguments[4], &arguments[4]);
    _exit(127);
  }
  close(start[0]);

  struct refuse_rule rule = parse(&arguments[1]);
  rule.tgid = (__u32)child;
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 8);
  if (length < 0)
    fail("readlink");
  strcpy(path + length, ".bpf.o");
  struct bpf_object *object = bpf_object__open_file(path, NULL);
  if (!object)
    fail(path);
  size_t size;
  memcpy(section(object, ".rodata", &size), &rule, sizeof(rule));
  if (bpf_object__load(object) != 0)
    fail("load");
  struct bpf_program *program = bpf_object__next_program(object, NULL);
  struct bpf_link *link = bpf_program__attach(program);
  if (!link)
    fail("attach");
  if (write(start[1], "", 1) != 1)
    fail("write");
  close(start[1]);

  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  bpf_link__destroy(link);
  struct {
    __u32 calls, refused;
    char last[16];
  } result;
  __u32 key = 0;
  if (bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, ".bss"), &key, &result) != 0)
    fail("result");
  fprintf(
      stderr, "{\"calls\":%u,\"refused\":%u,\"name\":\"%s\"}\n", result.calls, result.refused, result.last);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
