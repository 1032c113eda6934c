#!/bin/sh
# Tests the ublk target on the running kernel, as root; scripts/vm-test-ublk runs it in guests.
# Parts: modes queues ext4 fio faults mixed cut kill compare. Prints a line for each check; status 1 if one has failed.
# BusyBox has no jq, so accounts are examined with grep. Runs whose groups will be compared with the target's log are
# kept in /root/results.

backing_file=/mnt/backing
failed=0
snapshot=/tmp/snapshot.json
# The last member of the snapshot: the target's own account.
account=/tmp/account.json
results=/root/results
mkdir -p $results

# check NAME COMMAND...: the command must succeed.
check() {
  name=$1
  shift
  if "$@"; then
    echo "ok   $name"
  else
    echo "FAIL $name"
    [ ! -s "$account" ] || cat "$account"
    failed=1
  fi
}

# number KEY: prints a number of the target, not of its load, from the account.
number() {
  sed 's/,"load":.*//' "$account" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" | head -n 1
}

# has TEXT: true if the account contains the text.
has() {
  grep -qF "$1" "$account"
}

# lacks PATTERN: true if the pattern is nowhere in the snapshot.
lacks() {
  grep -q '"rings":' "$snapshot" && ! grep -q "$1" "$snapshot"
}

nothing_left() {
  for left in /dev/ublkc* /dev/ublkb* /run/uringtop/ublk-*; do
    [ ! -e "$left" ] || {
      ls -l "$left"
      return 1
    }
  done
}

# Extracts the account from the snapshot that a run has printed.
take_account() {
  sed 's/.*,"demo"://' "$snapshot" >"$account"
}

demo() {
  uringtop demo --batch --json --duration 300s "$@" >"$snapshot"
  status=$?
  take_account
  return $status
}

# kept_demo NAME OPTION...: like demo, but keeps the recording, log and snapshot for the comparison.
kept_demo() {
  run=$1
  shift
  demo --record "$results/$run.uring" --log "$results/$run.log" "$@"
  status=$?
  cp "$snapshot" "$results/$run.json"
  return $status
}

# True if the load ran, verified its data, and nothing failed.
is_clean() {
  has '"errors":0,' && has '"mismatches":0,' && has '"failures":[]' && [ "$(number verified)" -gt 100 ]
}

clean_run() {
  rm -f $backing_file
  demo "$@" && is_clean
}

kept_clean_run() {
  kept_demo "$@" && is_clean
}

# The modes that this kernel supports: those in which the target starts.
modes=
for mode in copy user-copy zero-copy auto; do
  if uringtop demo --batch --duration 60s --transfer $mode --ios 1 --null >/dev/null; then
    modes="$modes $mode"
  else
    echo "mode $mode: refused"
  fi
done
echo "modes:$modes"
check "nothing left" nothing_left

mount_scratch() {
  grep -q ' /mnt ' /proc/mounts && return
  mkfs.ext4 -q -F /dev/scratch && mkdir -p /mnt && mount -t ext4 /dev/scratch /mnt
}

part_modes() {
  mount_scratch
  for mode in $modes; do
    check "$mode, memory" clean_run --transfer $mode --ios 1500
    case $mode in
      zero-copy | auto) check "$mode, groups" [ "$(number groups)" -gt 1400 ] ;;
    esac
    check "$mode, file" clean_run --transfer $mode --ios 1500 --file $backing_file
    check "$mode, file, O_DIRECT" has '"direct":true'
    check "$mode, 512-byte blocks" clean_run --transfer $mode --ios 500 --file $backing_file \
      --block-size 512
    check "$mode, null" demo --transfer $mode --ios 500 --null
    check "$mode, idle" demo --transfer $mode --no-load --duration 4s
    # uringtop must not report that rings without events are closed or that their FETCH commands have ended.
    check "$mode, idle, rings stay" lacks '"ended_unseen":[1-9]'
    rm -f $backing_file
  done
  check "nothing left" nothing_left
}

part_queues() {
  for mode in $modes; do
    # The driver limits the number of queues to that of processors.
    check "$mode, several queues" kept_clean_run $mode+queues --transfer $mode --ios 2000 --queues 3 \
      --depth 5 --load-depth 32
    check "$mode, number of queues" [ "$(number queues)" -eq "$(nproc)" ]
  done
}

# served MODE COMMAND...: runs the command while a target without a load serves a device.
served() {
  mode=$1
  shift
  uringtop demo --batch --json --no-load --transfer "$mode" --file $backing_file --size 48M \
    >"$snapshot" &
  server=$!
  tries=0
  until [ -b /dev/ublkb0 ] || [ $tries -gt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  # Without the device, dd would create a regular file of that name.
  [ -b /dev/ublkb0 ] && "$@"
  result=$?
  kill -TERM $server
  wait $server
  take_account
  [ $result -eq 0 ] && has '"errors":0,' && nothing_left
}

file_system() {
  mkfs.ext4 -q -F /dev/ublkb0 && mkdir -p /fs && mount -t ext4 -o discard /dev/ublkb0 /fs &&
    cp -r /bin /fs/ && cp /root/uringtop /fs/program && sync && echo 3 >/proc/sys/vm/drop_caches &&
    cmp /root/uringtop /fs/program && rm -r /fs/bin && sync && umount /fs &&
    e2fsck -f -n /dev/ublkb0 >/dev/null
}

part_ext4() {
  mount_scratch
  for mode in $modes; do
    check "$mode, mkfs, mount, copy, umount, fsck" served $mode file_system
    for operation in write discard flush; do
      check "$mode, $operation was served" has "\"$operation\":"
    done
    rm -f $backing_file
  done
}

fio_verify() {
  fio --name=verify --filename=/dev/ublkb0 --rw=randwrite --bsrange=4k-64k --size=16m --direct=1 \
    --ioengine=io_uring --iodepth=8 --verify=crc32c --verify_fatal=1 --randseed=7 --fsync=64 \
    --output=/tmp/fio.txt && grep -q 'err= 0' /tmp/fio.txt
}

part_fio() {
  mount_scratch
  for mode in $modes; do
    check "$mode, fio --verify" served $mode fio_verify
    rm -f $backing_file
  done
}

# fault_run FAULT MODE: true if the fault occurred and had its effect at the block device, and nothing else failed.
fault_run() {
  fault=$1
  mode=$2
  set -- --ios 400 --rate 400
  # With no-ack the load eventually stalls, so the run ends after a time.
  [ "$fault" != no-ack ] || set -- --duration 5s
  kept_demo "$mode+$fault" --transfer "$mode" --inject "$fault:5" "$@" || return 1
  has '"errors":0,' && has '"mismatches":0,' && has "\"fault\":\"$fault\"" || return 1
  case $fault in
    slow-member | no-ack) has '"failures":[]' ;;
    # The load gets EIO if the driver takes a short result for a complete one (7.3), or might do so (7.2).
    short-read) has '"failures":[]' || has '"errno":5,' ;;
    *) has '"errno":5,' ;;
  esac
}

part_faults() {
  for mode in $modes; do
    for fault in slow-member short-read no-ack leader-fail member-fail wrong-direction; do
      case $mode-$fault in
        # These modes lend no buffer whose registration could fail, or that has a direction.
        copy-leader-fail | copy-wrong-direction) continue ;;
        user-copy-leader-fail | user-copy-wrong-direction) continue ;;
      esac
      check "$mode, $fault" fault_run $fault $mode
    done
  done
  check "nothing left" nothing_left
}

# mixed_run MODE: makes all faults in one run, because a run for each fault takes too long for `make test`.
mixed_run() {
  mode=$1
  set --
  for fault in slow-member short-read no-ack leader-fail member-fail wrong-direction; do
    set -- "$@" --inject $fault:4
  done
  kept_demo "$mode+mixed" --transfer "$mode" --rate 300 --duration 6s "$@" || return 1
  has '"errors":0,' && has '"mismatches":0,'
}

part_mixed() {
  for mode in $modes; do
    case $mode in zero-copy | auto) ;; *) continue ;; esac
    check "$mode, all faults" mixed_run $mode
  done
  check "nothing left" nothing_left
}

# The backing file is truncated: a read beyond its new end must fail, and must not return wrong data.
cut_file() {
  dd if=/dev/zero of=/dev/ublkb0 bs=1M count=4 conv=fsync 2>/dev/null || return 1
  truncate -s 1M $backing_file
  echo 3 >/proc/sys/vm/drop_caches
  dd if=/dev/ublkb0 of=/dev/null bs=64k count=16 2>/dev/null || return 1
  ! dd if=/dev/ublkb0 of=/dev/null bs=64k skip=32 count=1 2>/tmp/dd.txt &&
    grep -qiE 'I/O error|Input/output error' /tmp/dd.txt
}

# The backing is a sparse file on a file system that is smaller than the device: writes must fail once it is full.
fill_file() {
  ! dd if=/dev/zero of=/dev/ublkb0 bs=1M oflag=direct count=40 2>/tmp/dd.txt &&
    grep -q 'No space left' /tmp/dd.txt
}

part_cut() {
  mount_scratch
  mkdir -p /small && mount -t tmpfs -o size=8M tmpfs /small
  for mode in $modes; do
    backing_file=/small/backing
    served $mode fill_file
    check "$mode, a full file system" [ $result -eq 0 ]
    rm -f $backing_file
    backing_file=/mnt/backing
    served $mode cut_file
    check "$mode, a cut backing" [ $result -eq 0 ]
    rm -f $backing_file
  done
}

# third MODE: starts a third target after the first was killed. The third target must remove the first one's device, but
# not the second one's.
third() {
  uringtop demo --batch --json --transfer "$1" --ios 300 --duration 30s >/tmp/third.json &&
    grep -qF '"errors":0,"failure":null' /tmp/third.json
}

part_kill() {
  for mode in $modes; do
    uringtop demo --batch --json --transfer $mode >/dev/null &
    victim=$!
    uringtop demo --batch --json --transfer $mode --rate 100 --duration 100s >"$snapshot" &
    other=$!
    tries=0
    until [ "$(ls /dev/ublkb* 2>/dev/null | wc -l)" -eq 2 ] || [ $tries -gt 300 ]; do
      sleep 0.1
      tries=$((tries + 1))
    done
    sleep 1
    before=$(ls /dev/ublkc* | wc -l)
    kill -9 $victim
    wait $victim 2>/dev/null
    check "$mode, a third beside" third $mode
    after=$(ls /dev/ublkc* | wc -l)
    check "$mode, the dead one is gone ($before, then $after)" [ "$before-$after" = 2-1 ]
    kill -TERM $other
    wait $other
    take_account
    check "$mode, the other target has no errors" has '"errors":0,'
    check "$mode, nothing left" nothing_left
  done
}

# submitted OPCODE: prints how many requests of an opcode the kernel has counted.
submitted() {
  sed -n "s/.*opcode: *$1 .*hitcount: *\([0-9]*\).*/\1/p" "$histogram/hist" | head -n 1 | grep . || echo 0
}

# Runs 10,000 I/Os for the comparison with the log. The kernel's count of requests must agree with the target's count.
part_compare() {
  histogram=/sys/kernel/tracing/events/io_uring/io_uring_submit_req
  for mode in $modes; do
    case $mode in zero-copy | auto) ;; *) continue ;; esac
    echo 'hist:keys=opcode' >$histogram/trigger
    check "$mode, 10,000 I/Os" kept_demo $mode --transfer $mode --ios 10100
    fixed=$(($(submitted 4) + $(submitted 5)))
    commands=$(submitted 46)
    echo '!hist:keys=opcode' >$histogram/trigger
    check "$mode, number of I/Os" [ "$(number groups)" -ge 10000 ]
    check "$mode, verified" has '"mismatches":0,'
    # The members are the fixed reads and writes, and one fsync for each flush.
    check "$mode, members: kernel $fixed" [ $fixed -eq $(($(number members) - $(number flush))) ]
    # A fetch for each tag, a commit for each I/O, and without automatic registration two commands for each group.
    expected=$(($(number depth) + $(number ios)))
    [ $mode = auto ] || expected=$((expected + 2 * $(number groups)))
    # Seven commands of the control device: features (twice), add, parameters, start, stop, delete.
    check "$mode, commands: kernel $commands, expected $expected and 7" \
      [ $((commands - expected)) -eq 7 ]
  done
}

for part in ${*:-modes queues ext4 fio faults mixed cut kill compare}; do
  part_"$part"
done
[ $failed -eq 0 ] && echo "all checks passed" || echo "something failed"
dmesg | grep -iE 'BUG|WARNING|Oops|hung task|ublk' | tail -n 5
exit $failed
