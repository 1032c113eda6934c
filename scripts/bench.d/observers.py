"""Observers: context managers that start an observer, wait until it is attached, and yield its process id.

The observer `none` yields None.
"""
import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time

from base import OBSERVER_CPU, pinned


class Screen:
    """A program on its own pseudo-terminal. Its output is discarded after the first frame.

    `first_frame` is the time from the start to the first frame in seconds, or None before it.
    """

    def __init__(self, command):
        self.started = time.monotonic()
        self.first_frame = None
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
            os.execvp(command[0], command)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.received = b""
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while True:
            try:
                data = os.read(self.terminal, 65536)
            except OSError:
                return
            if not data:
                return
            if self.first_frame is None:
                self.received += data
                # The first frame is complete when its header has arrived.
                if b"uringtop" in self.received and len(self.received) > 500:
                    self.first_frame = time.monotonic() - self.started

    def wait_for_frame(self):
        while self.first_frame is None and time.monotonic() - self.started < 20:
            time.sleep(0.001)
        if self.first_frame is None:
            raise RuntimeError("the UI has drawn nothing: " + repr(self.received[-300:]))

    def press(self, keys):
        os.write(self.terminal, keys)

    def end(self):
        with contextlib.suppress(OSError):
            os.write(self.terminal, b"q")
        for _ in range(300):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
            time.sleep(0.01)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


@contextlib.contextmanager
def live(bench, arguments=(), keys=b""):
    screen = Screen(pinned(OBSERVER_CPU, [bench.uringtop, *arguments]))
    try:
        screen.wait_for_frame()
        time.sleep(0.7)
        if keys:
            screen.press(keys)
            time.sleep(0.3)
        yield screen.pid
    finally:
        screen.end()


@contextlib.contextmanager
def process(command, is_ready):
    child = subprocess.Popen(
        pinned(OBSERVER_CPU, command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not is_ready() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)
        if child.poll() is not None:
            raise RuntimeError("ended at once: " + " ".join(command))
        yield child.pid
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextlib.contextmanager
def record(bench, name, *arguments):
    path = bench.path(name)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    command = [bench.uringtop, "record", "-o", path, *arguments]
    with process(command, lambda: os.path.exists(path)) as pid:
        yield pid


@contextlib.contextmanager
def bpftrace(script):
    def attached():
        listing = subprocess.run(["pgrep", "-x", "bpftrace"], capture_output=True, text=True).stdout
        return bool(listing) and time.monotonic() - started > 2
    started = time.monotonic()
    with process(["bpftrace", "-e", script], attached) as pid:
        yield pid


@contextlib.contextmanager
def floor(bench, *arguments):
    with process([bench.program("floor"), bench.program("floor.bpf.o"), *arguments], lambda: True) as pid:
        yield pid


@contextlib.contextmanager
def nobody():
    yield None


@contextlib.contextmanager
def held(bench, program, *arguments):
    """Runs a test program that keeps requests in flight, and yields the JSON object in its first line of output."""
    child = subprocess.Popen(
        [bench.program(program), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(child.stdout.readline())
    finally:
        child.stdin.close()
        child.stdout.read()
        child.wait()


@contextlib.contextmanager
def filtered_by_fd(bench):
    with held(bench, "many_rings", 1) as truth:
        with live(bench, ["--pid", str(truth["pid"]), "--fd", str(truth["ring_fds"][0])]) as pid:
            yield pid


@contextlib.contextmanager
def perf_record(bench):
    command = ["perf", "record", "-q", "-a", "-e", "io_uring:*", "-o", bench.path("perf.data")]
    with process(command, lambda: True) as pid:
        time.sleep(1)
        yield pid


LATENCY = (
    "tracepoint:io_uring:io_uring_submit_req { @s[args->req] = nsecs; } "
    "tracepoint:io_uring:io_uring_complete /@s[args->req]/ "
    "{ @h = hist(nsecs - @s[args->req]); delete(@s[args->req]); }")

OBSERVERS = {
    "none": lambda bench: nobody(),
    "floor": floor,
    "limit": lambda bench: floor(bench, "clock"),
    "live": live,
    "record .uring": lambda bench: record(bench, "bench.uring"),
    "record .jsonl": lambda bench: record(bench, "bench.jsonl"),
    "filtered by pid": lambda bench: live(bench, ["--pid", "1"]),
    "filtered by fd": filtered_by_fd,
    "paused": lambda bench: live(bench, keys=b" "),
    "bpftrace count": lambda bench: bpftrace("tracepoint:io_uring:io_uring_complete { @ = count(); }"),
    "bpftrace latency": lambda bench: bpftrace(LATENCY),
    "perf record": perf_record,
}
