/* libFuzzer, as libclang_rt.fuzzer_no_main exports it. */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef int (*fuzzer_input)(const uint8_t *data, size_t size);

/* Runs the fuzzer with libFuzzer's own arguments. Ends the process with its status at a crash. */
int LLVMFuzzerRunDriver(int *argc, char ***argv, fuzzer_input input);

/* The mutation that knows no structure. Returns the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);

/*
 * Gives the process a mount namespace of its own, with an empty file system of 16 MB at `folder`. Returns 0, or a
 * number of errno.
 */
int driver_hide(const char *folder);

/* A file in memory that grows to 1 MB, or -1. */
int driver_memory_file(void);

/*
 * Makes a pseudo terminal of 24 lines and 80 columns standard input and output. Its output is thrown away. Returns the
 * descriptor that types, or -1.
 */
int driver_terminal(void);

/* Has curses take an escape character that nothing follows as the key at once. */
void driver_no_escape_delay(void);

#endif
