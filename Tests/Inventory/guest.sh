#!/bin/sh
# guest.sh URINGTOP PROGRAMS RESULTS: starts programs that hang, and then takes a snapshot of each. Writes to RESULTS
# for each program its truth (NAME.truth), the snapshot (NAME.json) and standard error (NAME.err). check.py compares
# the snapshots with the truths. Needs root and any POSIX shell, also busybox in a guest of scripts/vm.
set -u
uringtop=$1
programs=$2
results=$3
mkdir -p "$results"
uname -r >"$results/kernel"
"$uringtop" capabilities --json >"$results/capabilities.json"
failed=0

# wait_for TRIES COMMAND...: runs the command every tenth of a second until it succeeds
wait_for() {
  tries=$1
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.1
  done
}

# hung NAME PROGRAM [argument...]: starts a program whose standard input stays open, takes a snapshot, and kills it
hung() {
  name=$1
  program=$2
  shift 2
  mkfifo "$results/input"
  "$programs/$program" "$@" <"$results/input" >"$results/$name.truth" 2>"$results/$name.err" &
  child=$!
  exec 3>"$results/input"
  rm "$results/input"
  if wait_for 100 grep -q '"pid"' "$results/$name.truth"; then
    sleep 2
    "$uringtop" snapshot --json --pid $child --duration 200ms >"$results/$name.json" \
      2>>"$results/$name.err" || failed=1
  else
    # 77: this kernel cannot run the program
    wait $child
    [ $? -eq 77 ] && mv "$results/$name.err" "$results/$name.skipped" || failed=1
  fi
  exec 3>&-
  kill $child 2>/dev/null
  wait $child
}

# A ublk server that takes block requests and never commits them. Its client is the demonstration's own load.
if "$uringtop" demo --target ublk --batch --json --ios 1 >/dev/null 2>&1; then
  "$uringtop" demo --target ublk --batch --json --inject no-ack:100 >/dev/null 2>"$results/ublk.err" &
  child=$!
  wait_for 100 test -b /dev/ublkb0
  sleep 4
  "$uringtop" snapshot --json --pid $child --duration 200ms >"$results/ublk.json" \
    2>>"$results/ublk.err" || failed=1
  echo "{\"pid\":$child}" >"$results/ublk.truth"
  "$uringtop" report --json --pid $child --duration 1s >"$results/ublk.report" 2>>"$results/ublk.err" ||
    failed=1
  kill -TERM $child
  wait $child
  # Servers without the fault: under load (--rate=50) and idle (--no-load), for which no uncommitted-block finding is
  # allowed, and one that does not use the buffers that the driver lends it (--null).
  for load in --rate=50 --no-load --null; do
    "$uringtop" demo --target ublk --batch --json $load >/dev/null 2>"$results/ublk$load.err" &
    child=$!
    wait_for 100 test -b /dev/ublkb0
    sleep 4
    "$uringtop" report --json --pid $child --duration 4s >"$results/ublk$load.report" \
      2>>"$results/ublk$load.err" || failed=1
    kill -TERM $child
    wait $child
  done
  # A report on the demonstration with all its faults, watched from the start, if the kernel supports zero copy.
  set -- --target ublk --batch --json --transfer zero-copy
  if "$uringtop" demo "$@" --ios 1 >/dev/null 2>&1; then
    for fault in slow-member short-read leader-fail member-fail wrong-direction; do
      set -- "$@" --inject $fault:10
    done
    "$uringtop" report --json -- "$uringtop" demo "$@" --inject no-ack:4 --rate 16 --duration 6s \
      >"$results/ublk_faults.report" 2>"$results/ublk_faults.err" || failed=1
  fi
fi
hung hang_poll hang_poll
hung hang_poll_defer hang_poll --defer
hung hang_chain hang_chain
hung parked parked
hung registered registered --hold
hung drain drain --hold
hung timeout timeout --hold
hung link_timeout link_timeout --hold
hung poll_armed poll_armed --hold
hung multishot_recv multishot_recv --hold
hung cq_overflow cq_overflow --hold
hung sqpoll sqpoll --hold
hung many_polls many_inflight 4096 poll

exit $failed
