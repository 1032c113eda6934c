#!/bin/sh
# guest.sh URINGTOP PROGRAMS FAULTS [PART]: runs uringtop under faults. In the parts link, program and map, the kernel
# refuses one of uringtop's BPF calls. The parts machine-* and silent-* make faults that are acceptable only in a VM
# guest. PART selects the parts whose names begin with PART.
# Writes a block of lines for each fault to standard output, which scripts/fault-injection checks:
#   === NAME
#   uringtop's standard error
#   ! a failure that this script has found
#   status N, left N, submitted N of N
# `left` is the number of BPF programs that exist after uringtop has ended, or 0 if some existed before. `submitted` is
# the number of requests in the recording, then the number that the test program counted. Status 255 means that the
# process did not end. Needs root and any POSIX shell.
set -u
uringtop=$1
programs=$2
faults=$3
refuse=$faults/refuse

sum_of() { sed -n "s/.*\"type\":\"$2\".*\"submitted\":\([0-9]*\).*/\1/p" "$1" | tail -n 1; }
truth_of() { sed -n 's/.*"submitted":\([0-9][0-9]*\|unknown\).*/\1/p' "$1" 2>/dev/null | tail -n 1; }
wrong() { echo "! $*"; }

isolated=
[ -n "$("$refuse" programs)" ] || isolated=yes

# Prints the number of BPF programs that exist, after up to 5 s: the kernel frees an ended process's programs late.
left() {
  [ $isolated ] || {
    echo 0
    return
  }
  for _ in 1 2 3 4 5; do
    count=$("$refuse" programs | wc -l)
    [ "$count" = 0 ] && break
    sleep 1
  done
  echo "$count"
}

# judged STATUS: writes the last line of a block; STATUS is uringtop's exit status
judged() {
  "$uringtop" export trace.uring -o - >trace.jsonl 2>/dev/null
  [ -z "$usual_tier" ] || [ ! -s trace.jsonl ] || [ "$(tier_of trace.jsonl)" = "$usual_tier" ] ||
    echo "+ the recording's tier is $(tier_of trace.jsonl)"
  echo "status $1, left $(left), submitted $(sum_of trace.jsonl summary) of $(truth_of truth)"
}

tier_of() { sed -n 's/.*"tier":"\([a-z]*\)".*/\1/p' "$1" | head -n 1; }
usual_tier=

# refuse_each KIND ERROR: refuses the first call of a kind in a first run, the second call in a second run, and so on
refuse_each() {
  number=1
  while [ $number -le 150 ]; do
    echo "=== $1 $number"
    rm -f trace.uring truth
    "$refuse" "$1" $number "$2" "$uringtop" record --syscalls on -o trace.uring -- sh -c "$programs/links >truth" 2>errors
    status=$?
    cat errors
    judged $status
    grep -q '"refused":0' errors && break
    number=$((number + 1))
  done
}

# Refuses two of the BPF programs that examine waits, one in each run. uringtop loads them only when a ring has had no
# progress for a while.
refuse_waits() {
  rm -f trace.uring hold
  : >truth
  mkfifo hold
  "$programs/hang_poll" --hold <hold >/dev/null 2>&1 &
  exec 3>hold
  for name in list_files list_tasks; do
    echo "=== program $name"
    "$refuse" program $name 22 "$uringtop" report --comm hang_poll --duration 10s >output 2>errors
    status=$?
    cat errors
    judged $status
  done
  exec 3>&-
}

# has_ended PROCESS: true if a child has no running thread. Its first thread is a zombie until this shell waits for it.
has_ended() {
  [ ! -d "/proc/$1/task" ] && return 0
  # shellcheck disable=SC2012
  [ "$(ls "/proc/$1/task" 2>/dev/null | wc -l)" -le 1 ] && ! grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null
}

# await_end PROCESS SECONDS: returns the status of the process, or 255 if it has not ended in time
await_end() {
  seconds=$2
  while ! has_ended "$1"; do
    [ "$seconds" = 0 ] && return 255
    seconds=$((seconds - 1))
    sleep 1
  done
  wait "$1"
}

# await SECONDS COMMAND...: waits until the command succeeds
await() {
  seconds=$1
  shift
  while ! "$@"; do
    [ "$seconds" = 0 ] && return 1
    seconds=$((seconds - 1))
    sleep 1
  done
}

holds_programs() { grep -qs prog_id "/proc/$1/fdinfo/"*; }

# during FAULT: makes the fault while record, the UI, report and snapshot observe a program with many short requests
during() {
  echo "=== $1"
  rm -f trace.uring truth input keys
  mkfifo input keys
  "$uringtop" record -o trace.uring -- sh -c "$programs/churn 200 <input >truth" 2>errors &
  observer=$!
  exec 3>input
  "$faults/terminal" screen "$uringtop" <keys &
  screen=$!
  exec 4>keys
  await 60 holds_programs $observer
  "$uringtop" report --json >report.json 2>report.errors &
  report=$!
  await 60 holds_programs $report
  "$1"
  await_end $report 120
  status=$?
  [ $status = 0 ] || wrong "report: status $status: $(cat report.errors)"
  clock_times report.json
  "$uringtop" snapshot --json >snapshot.json 2>snapshot.errors || wrong "snapshot: $(cat snapshot.errors)"
  clock_times snapshot.json
  printf q >&4
  await_end $screen 60
  status=$?
  [ $status = 0 ] || wrong "the UI ends with status $status"
  exec 3>&- 4>&-
  await_end $observer 60
  status=$?
  cat errors
  judged $status
  clock_times trace.jsonl
}

# Checks that every time in a document or recording is of CLOCK_MONOTONIC, that is, not greater than the machine's
# uptime plus 60 s. Excludes start_realtime_ns, which is of CLOCK_REALTIME, and durations summed over requests.
clock_times() {
  sed 's/\.[0-9]* .*//' /proc/uptime | {
    read -r uptime
    tr ',{' '\n\n' <"$1" | sed -n 's/.*"\([a-z_]*_ns\)": *\(-\{0,1\}[0-9][0-9]*\).*/\1 \2/p' | grep -vE '^(start_realtime|held|issued|poll|worker|task_work)_ns' |
      awk -v file="$1" -v most=$(((uptime + 60) * 1000000000)) '
        $2 < 0 || $2 > most { print "! " file ": " $0; exit } END { if (NR == 0) print "! " file " has no times" }'
  }
}

clock_steps() {
  for step in 86400 -180000 3600 90000; do
    date -s "@$(($(date +%s) + step))" >/dev/null
    sleep 1
  done
}

processor_goes() {
  for _ in 1 2 3; do
    echo 0 >/sys/devices/system/cpu/cpu1/online || wrong "the processor stays"
    sleep 1
    echo 1 >/sys/devices/system/cpu/cpu1/online
    sleep 1
  done
}

# Takes one of two processors offline and online again during a flood on both: no request may be missed.
hotplug_flood() {
  echo "=== processor_goes in a flood"
  rm -f trace.uring truth
  "$uringtop" record -o trace.uring -- sh -c "$programs/nop_flood 600 8 --count 60000 >truth" 2>errors &
  observer=$!
  while ! has_ended $observer; do
    echo 0 >/sys/devices/system/cpu/cpu1/online
    sleep 1
    echo 1 >/sys/devices/system/cpu/cpu1/online
    sleep 1
  done
  await_end $observer 1
  status=$?
  cat errors
  judged $status
}

# Each write to the disk takes at least 200 ms. No record may be lost, because uringtop keeps the records in memory.
slow_disk() {
  echo "=== slow disk"
  rm -f trace.uring truth
  modprobe null_blk nr_devices=0 || wrong "no null_blk"
  mount -t configfs configfs /sys/kernel/config 2>/dev/null
  disk=/sys/kernel/config/nullb/slow
  mkdir $disk /slow
  echo 64 >$disk/size
  echo 1 >$disk/memory_backed
  echo 2 >$disk/irqmode
  echo 200000000 >$disk/completion_nsec
  echo 1 >$disk/power
  device=/dev/slow
  [ -b $device ] || device=/dev/nullb$(cat $disk/index)
  mke2fs "$device" >/dev/null && mount -t ext4 -o sync "$device" /slow || wrong "no file system"
  "$uringtop" record -o /slow/trace.uring -- sh -c "$programs/nop_flood 600 8 --count 60000 >truth" 2>errors
  status=$?
  cp /slow/trace.uring .
  umount /slow
  cat errors
  judged $status
}

# limited MIB COMMAND...: runs the command in a cgroup with this much memory
limited() {
  mkdir -p /sys/fs/cgroup/limited
  echo $(($1 << 20)) >/sys/fs/cgroup/limited/memory.max
  shift
  sh -c 'echo $$ >/sys/fs/cgroup/limited/cgroup.procs && exec "$@"' sh "$@"
  status=$?
  rmdir /sys/fs/cgroup/limited
  return $status
}

memory() {
  echo "=== memory $1 MiB"
  rm -f trace.uring truth
  limited "$1" "$uringtop" record -o trace.uring -- sh -c "$programs/links >truth" 2>errors
  status=$?
  cat errors
  judged $status
}

# The limit of locked memory must not matter: BPF maps count towards it only before 5.11.
locked_memory() {
  echo "=== no locked memory"
  rm -f trace.uring truth
  sh -c 'ulimit -l 0 && exec "$@"' sh "$uringtop" record -o trace.uring -- sh -c "$programs/links >truth" 2>errors
  status=$?
  cat errors
  judged $status
}

# on_silent NAME SECONDS COMMAND...: runs a command while a program waits for a file system that does not answer. The
# command can be `typed KEYS COMMAND...` (below).
on_silent() {
  echo "=== silent file system: $1"
  rm -f trace.uring output hold
  # The program submits until it is killed, and does not print how many requests it submitted.
  echo '"submitted":unknown' >truth
  limit=$2
  shift 2
  mkfifo hold
  modprobe fuse 2>/dev/null # built into some kernels
  "$faults/silent_fuse" /silent <hold >ready 2>ready.errors &
  server=$!
  exec 5>hold
  await 60 [ -s ready ] || wrong "no file system: $(cat ready.errors)"
  held=
  ! is_held "/proc/$(sed -n 's/.*"child":\([0-9]*\).*/\1/p' ready)/maps" || held=yes
  began=$(date +%s)
  case $1 in
    typed) "$@" ;;
    *)
      "$@" >output 2>errors 5>&- &
      observer=$!
      ;;
  esac
  await_end $observer "$limit"
  status=$?
  if [ $status = 255 ]; then
    for task in $(observers | sed 's:.*:/proc/&/task/*:'); do
      case $(cat "$task/wchan") in
        0 | do_exit*) ;;
        *) wrong "$(cat "$task/comm") does not leave $(cat "$task/wchan")" ;;
      esac
    done
  else
    echo "+ ended after $(($(date +%s) - began)) s"
    [ $status = $expected_status ] || wrong "status $status"
  fi
  # ends the server of the file system, which ends all waits
  exec 5>&-
  await_end $server 60 || wrong "the server of the file system does not exit"
  [ $status != 255 ] || await_end $observer 60
  cat errors
  [ ! -s output ] || head -n 60 output | cut -c 1-200 | sed 's/^/+ /'
  for line in $expected ${held:+$expected_if_held}; do
    grep -q "$line" output errors || wrong "does not mention $line"
  done
  judged $status
}

# typed KEYS COMMAND...: starts the command in a terminal, and types KEYS after 10 s
typed() {
  typed=$1
  shift
  rm -f keys
  mkfifo keys
  "$faults/terminal" screen "$@" <keys 2>errors 5>&- &
  observer=$!
  exec 4>keys
  await 60 watches
  # time for uringtop to examine waits for the first time
  sleep 10
  # shellcheck disable=SC2059
  printf "$typed" >&4
  exec 4>&-
}

# Prints the process ids of uringtop. pidof would block, because it reads the command line of every process, and a read
# of the command line of the program on the silent file system blocks.
observers() { grep -ls '^uringtop$' /proc/[0-9]*/comm | cut -d / -f 3; }

watches() {
  for process in $(observers); do
    holds_programs "$process" && return 0
  done
  return 1
}

# is_held FILE: true if reading FILE blocks. FILE can be a process's list of mappings, which some kernels read without
# the lock of the address space. The read then does not block.
is_held() {
  cat "$1" >/dev/null 2>&1 5>&- &
  sleep 2
  ! has_ended $! && kill -9 $!
}

silent_report() {
  expected='READ data'
  on_silent report 120 "$uringtop" report --duration 10s
  on_silent "report of the program" 120 "$uringtop" report --comm program
  expected=serves
  expected_if_held=returning
  on_silent "report with stacks and calls" 120 "$uringtop" report --duration 10s --stacks --syscalls on
  expected_if_held=
}

silent_snapshot() {
  expected='READ data'
  on_silent snapshot 120 "$uringtop" snapshot --stacks --duration 5s
  on_silent "snapshot, JSON" 120 "$uringtop" snapshot --json --duration 5s
}

silent_record() {
  expected=serves
  on_silent record 120 "$uringtop" record --stacks --duration 10s -o trace.uring
  expected=
  expected_status=130
  on_silent "record, ended by ^C" 60 typed '\003' "$uringtop" record --stacks -o trace.uring
  expected_status=0
}

silent_screen() {
  expected=
  on_silent "UI, ended by q" 60 typed 'q' "$uringtop" --stacks
  expected_status=130
  on_silent "UI, ended by ^C" 60 typed '\003' "$uringtop"
  expected_status=0
}

part=${4:-all}
wants() {
  case $1 in
    "$part"*) return 0 ;;
    *) [ "$part" = all ] ;;
  esac
}

if wants link; then
  # If fentry is refused, uringtop misses no request but notices some ends later, which the recording's tier shows.
  "$uringtop" snapshot --json --duration 100ms >snapshot.json
  usual_tier=$(tier_of snapshot.json)
  refuse_each link 1
  usual_tier=
fi
wants program && refuse_each program 22 && refuse_waits
wants map && refuse_each map 12
wants machine-clock && during clock_steps
if wants machine-processor; then
  during processor_goes
  hotplug_flood
fi
wants machine-disk && slow_disk
if wants machine-memory; then
  locked_memory
  echo +memory >/sys/fs/cgroup/cgroup.subtree_control
  for mib in 8 16 32 48 64 96 160; do memory $mib; done
fi
expected_if_held=
expected_status=0
for case in report snapshot record screen; do
  wants silent-$case && silent_$case
done
exit 0
