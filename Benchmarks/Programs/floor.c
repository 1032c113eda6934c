// floor OBJECT: loads and attaches the programs of a BPF object, says "ready" and waits for a signal.
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv) {
  struct bpf_object *object = argc == 2 ? bpf_object__open(argv[1]) : NULL;
  if (!object || bpf_object__load(object))
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
