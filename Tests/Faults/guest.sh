#!/bin/sh
# guest.sh URINGTOP PROGRAMS REFUSE [link|program|map|machine]: faults that only a guest may have. For each a block on standard output that
# scripts/fault-injection judges:
#   === NAME
#   what uringtop wrote on standard error
#   status N, left N, submitted N of N
# `left` are the BPF programs that still exist, `submitted` the recording's sum and the program's own.
# Any POSIX shell, as root.
set -u
uringtop=$1
programs=$2
refuse=$3

sum_of() { sed -n "s/.*\"type\":\"$2\".*\"submitted\":\([0-9]*\).*/\1/p" "$1" | tail -n 1; }
truth_of() { sed -n 's/.*"submitted":\([0-9]*\).*/\1/p' "$1" | tail -n 1; }

# judged NAME STATUS: ends a block
judged() {
  "$uringtop" export trace.uring -o - >trace.jsonl 2>/dev/null
  echo "status $1, left $("$refuse" programs | wc -l), submitted $(sum_of trace.jsonl summary) of $(truth_of truth)"
}

# Each call of a kind is refused in turn, until there are no more.
refuse_each() {
  number=1
  while [ $number -le 150 ]; do
    echo "=== $1 $number"
    rm -f trace.uring truth
    "$refuse" "$1" $number "$2" "$uringtop" record --syscalls on -o trace.uring -- sh -c "$programs/links >truth" 2>errors
    status=$?
    cat errors
    judged "$1" $status
    grep -q '"refused":0' errors && break
    number=$((number + 1))
  done
}

# steps COMMAND...: runs it while uringtop watches a program that comes and goes
during() {
  echo "=== $1"
  rm -f trace.uring truth
  mkfifo input
  "$uringtop" record -o trace.uring -- sh -c "$programs/churn 200 <input >truth" 2>errors &
  observer=$!
  exec 3>input
  sleep 4
  "$1"
  sleep 2
  exec 3>&-
  rm input
  wait $observer
  status=$?
  cat errors
  judged "$1" $status
}

clock_steps() {
  for step in 3600 -7200 86400; do
    date -s "@$(($(date +%s) + step))" >/dev/null
    sleep 1
  done
}

processor_goes() {
  echo 0 >/sys/devices/system/cpu/cpu1/online
  sleep 2
  echo 1 >/sys/devices/system/cpu/cpu1/online
}

# memory MIB: with so much for all that uringtop has
memory() {
  echo "=== memory $1 MiB"
  rm -f trace.uring truth
  mkdir -p /sys/fs/cgroup/limited
  echo $(($1 << 20)) >/sys/fs/cgroup/limited/memory.max
  sh -c 'echo $$ >/sys/fs/cgroup/limited/cgroup.procs && exec "$@"' sh \
    "$uringtop" record -o trace.uring -- sh -c "$programs/links >truth" 2>errors
  status=$?
  cat errors
  judged memory $status
  rmdir /sys/fs/cgroup/limited
}

part=${4:-all}
wants() { [ "$part" = all ] || [ "$part" = "$1" ]; }

wants link && refuse_each link 1
wants program && refuse_each program 22
wants map && refuse_each map 12
if wants machine; then
  during clock_steps
  during processor_goes
  echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  for mib in 8 16 32 64 128 256; do memory $mib; done
fi
exit 0
