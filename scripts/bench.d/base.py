"""Shared parts of the benchmarks: paths, the rows of the printed table, and measurements from /proc."""
import json
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
WORKLOAD_CPU, OBSERVER_CPU = 0, 1


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.uringtop = arguments.uringtop
        self.programs = arguments.programs
        mount_tracing()
        self.directory = tempfile.mkdtemp(prefix="uringtop-bench-", dir="/dev/shm")
        self.results = {}
        self.rows = []

    def path(self, name):
        return os.path.join(self.directory, name)

    def program(self, name):
        return os.path.join(self.programs, name)

    def row(self, figure, measured, required="", is_reached=None):
        mark = {True: "yes", False: "NO", None: ""}[is_reached]
        self.rows.append((figure, measured, required, mark))
        print(f"  {figure}: {measured}" + (f"  (required: {required}) {mark}" if required else ""), flush=True)


def mount_tracing():
    """Mounts tracefs and debugfs, in which bpftrace and perf look for tracepoints."""
    for kind, path in ("tracefs", "/sys/kernel/tracing"), ("debugfs", "/sys/kernel/debug"):
        if not os.path.ismount(path):
            subprocess.run(["mount", "-t", kind, "nodev", path], check=True)


def pinned(processor, command):
    return ["taskset", "-c", str(processor)] + command


def output_of(command):
    return subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


def thread_seconds(pid):
    """Returns the processor time of each thread of a process, in seconds, by thread id.

    Reads schedstat, which counts nanoseconds. /proc/PID/stat counts ticks of 10 ms.
    """
    seconds = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            seconds[thread] = int(file.read().split()[0]) / 1e9
    return seconds


def seconds_since(before, pid):
    """Returns the processor time that a process has used since `before` (from `thread_seconds`), in seconds.

    Leaves out threads that have ended since then: they were idle and used almost no time.
    """
    return sum(used - before.get(thread, 0) for thread, used in thread_seconds(pid).items())


def resident_megabytes(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0
