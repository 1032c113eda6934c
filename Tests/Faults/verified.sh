#!/bin/sh
# verified.sh URINGTOP PROGRAMS REFUSE: lists the BPF programs of uringtop with the instructions that the verifier has
# processed, under options that change what it must process. Any POSIX shell, as root.
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
  # Walks of waits are loaded when the ring has not moved for two seconds.
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
