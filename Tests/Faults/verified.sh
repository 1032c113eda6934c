#!/bin/sh
# verified.sh URINGTOP PROGRAMS REFUSE: lists uringtop's BPF programs with the number of instructions that the verifier
# processed, under options that change this number. Needs root and any POSIX shell.
set -u
uringtop=$1
programs=$2
refuse=$3

mkfifo input
"$programs/hang_poll" --hold <input >hung 2>/dev/null &
hung=$!
exec 3>input
list_during() {
  "$uringtop" record -o /dev/null --format uring --duration 14s "$@" 2>errors &
  observer=$!
  # uringtop loads the programs that examine waits when the ring has had no progress for two seconds.
  for _ in 1 2 3 4 5 6; do
    sleep 2
    "$refuse" programs
  done
  wait $observer || cat errors
}
list_during
list_during --stacks --syscalls on
list_during --pid $hung --op POLL_ADD,READ --sample 1/2 --stacks
exec 3>&-
