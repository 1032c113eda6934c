#!/bin/sh
# trace.sh DIRECTORY [PROGRAM…]: runs test programs while ftrace records the io_uring events. Prints each program's
# status, truth and trace, which verify.py reads. Needs root and any POSIX shell (busybox in a VM is enough).
directory=$1
shift
tracing=/sys/kernel/tracing
[ -d $tracing/events/io_uring ] || mount -t tracefs nodev $tracing || exit 1
instance=$tracing/instances/uringtop-programs-$$
mkdir $instance || exit 1
trap 'echo 0 > $instance/events/io_uring/enable; rmdir $instance' EXIT
echo 4096 > $instance/buffer_size_kb
# An SQPOLL thread without work traces this event millions of times a second, with a count of 0.
echo 'count > 0' > $instance/events/io_uring/io_uring_task_work_run/filter
[ $# -gt 0 ] || set -- $(cd "$directory" && for file in *; do
	case $file in hang_*|many_*|nop_flood|workload) ;; *) echo "$file" ;; esac
done)
# Enabled only once: each change patches the kernel's code, which can crash a guest of qemu with several threads.
echo 0 > $instance/tracing_on
echo 1 > $instance/events/io_uring/enable
echo "KERNEL $(uname -r)"
for program in "$@"; do
	echo > $instance/trace
	echo 1 > $instance/tracing_on
	truth=$("$directory/$program" < /dev/null 2> /tmp/trace.$$)
	status=$?
	sleep 0.3 2> /dev/null || sleep 1 # gives kernel workers time to end the last rings
	echo 0 > $instance/tracing_on
	echo "PROGRAM $program $status $(head -n 1 /tmp/trace.$$)"
	echo "TRUTH $truth"
	grep -v '^#' $instance/trace
done
rm -f /tmp/trace.$$
