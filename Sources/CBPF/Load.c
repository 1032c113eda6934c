#include "CBPF.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The argument of cbpf_load in this thread. A variable, because libbpf passes no data of the caller to prepare_load. */
static _Thread_local const struct cbpf_kernel *kernel;

/* Replaces the placeholders of casts (PROBE_CAST) in a program's instructions by calls of bpf_rdonly_cast. */
static void complete_casts(struct bpf_insn *instructions, size_t count) {
  if (!kernel->cast_function)
    return; /* no bpf_rdonly_cast: config.can_cast is then 0, and no program reaches a placeholder */
  for (size_t place = 1; place < count; place++) {
    struct bpf_insn *call = &instructions[place], *type = call - 1;
    if (call->code != (BPF_JMP | BPF_CALL) || call->src_reg != 0 || call->imm != kernel->cast_mark)
      continue;
    call->src_reg = BPF_PSEUDO_KFUNC_CALL;
    call->imm = (int)kernel->cast_function;
    type->imm = (int)kernel->cast_types[type->imm];
  }
}

static int prepare_load(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie) {
  (void)cookie;
  if (!kernel)
    return -EINVAL;
  const struct cbpf_target *target = kernel->targets, *end = target + kernel->target_count;
  while (target < end && target->program != program)
    target++;
  if (target == end)
    return -ESRCH;
  options->attach_btf_id = target->type;
  options->attach_btf_obj_fd = (uint32_t)target->module;

  size_t count = bpf_program__insn_cnt(program);
  struct bpf_insn *instructions = malloc(count * sizeof(*instructions));
  if (!instructions)
    return -ENOMEM;
  memcpy(instructions, bpf_program__insns(program), count * sizeof(*instructions));
  complete_casts(instructions, count);
  int error = bpf_program__set_insns(program, instructions, count);
  free(instructions);
  return error ? error : bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

/*
 * Registers handlers that replace libbpf's own handlers for these sections. They give programs a type for which libbpf
 * does not read the kernel's types. prepare_load sets the actual type right before the load.
 */
static void register_sections(void) {
  LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = prepare_load);
  libbpf_register_prog_handler("tp_btf+", BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_TRACE_RAW_TP, &options);
  libbpf_register_prog_handler("iter+", BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_TRACE_ITER, &options);
  libbpf_register_prog_handler("fentry+", BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_TRACE_FENTRY, &options);
}

void cbpf_resolve_targets(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, register_sections);
}

int cbpf_load(struct bpf_object *object, const struct cbpf_kernel *of) {
  kernel = of;
  int result = bpf_object__load(object);
  kernel = NULL;
  return result;
}
