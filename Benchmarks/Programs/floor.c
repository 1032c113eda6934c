// floor OBJECT [clock]: loads and attaches the programs of a BPF object, says "ready" and waits for a signal. With
// "clock" the programs read the clock.
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  struct bpf_object *object = argc >= 2 ? bpf_object__open(argv[1]) : NULL;
  if (!object)
    return 1;
  size_t size = 0;
  int *reads_clock = (int *)bpf_map__initial_value(bpf_object__find_map_by_name(object, ".rodata"), &size);
  if (!reads_clock || size != sizeof(*reads_clock))
    return 1;
  *reads_clock = argc == 3 && strcmp(argv[2], "clock") == 0;
  if (bpf_object__load(object))
    return 1;
  struct bpf_program *program;
  bpf_object__for_each_program (program, object)
    if (!bpf_program__attach(program))
      return 1;
  puts("ready");
  fflush(stdout);
  sigset_t ending;
  int signal;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, NULL);
  sigwait(&ending, &signal);
  return 0;
}
