"""Runs uringtop's commands as processes, and measures which resources they hold and leave behind."""
import fcntl
import json
import os
import pathlib
import pty
import signal
import struct
import subprocess
import termios
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / ".build" / "programs"


class Observer:
    """A running uringtop command.

    Keeps the number of its output lines, the last of them, and all of its standard error (`errors`). On a terminal,
    standard error is part of the output, and `errors` is empty.
    """

    def __init__(self, name, command, terminal=False, environment=None):
        self.name = name
        self.lines = 0
        self.last_line = b""
        self.errors = b""
        self._pending = b""
        self.keyboard = None
        environment = {**os.environ, **(environment or {})}
        if terminal:
            self.keyboard, screen = pty.openpty()
            fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 43, 132, 0, 0))
            environment["TERM"] = "xterm-256color"
            self.process = subprocess.Popen(
                command, stdin=screen, stdout=screen, stderr=screen, env=environment, start_new_session=True,
                close_fds=True)
            os.close(screen)
            output = self.keyboard
        else:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                start_new_session=True)
            output = self.process.stdout.fileno()
            self._errors_reader = threading.Thread(target=self._read_errors, daemon=True)
            self._errors_reader.start()
        self._reader = threading.Thread(target=self._read, args=(output,), daemon=True)
        self._reader.start()

    def _read(self, output):
        while True:
            try:
                block = os.read(output, 1 << 20)
            except OSError:  # the other end of the terminal is closed
                return
            if not block:
                return
            block = self._pending + block
            lines = block.split(b"\n")
            self._pending = lines.pop()[-(1 << 20):]
            self.lines += len(lines)
            if lines:
                self.last_line = lines[-1]

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def press(self, keys):
        if self.keyboard is not None:
            os.write(self.keyboard, keys.encode())

    def is_running(self):
        return self.process.poll() is None

    def end(self, patience=60, number=signal.SIGTERM):
        """Sends a signal and waits for the process to end. Returns its exit status, or 128 plus a signal's number.

        Kills the process after `patience` seconds, and then returns None.
        """
        if self.is_running():
            self.process.send_signal(number)
        return self.wait(patience)

    def wait(self, patience=60):
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        self._reader.join(10)
        if self.keyboard is None:
            self._errors_reader.join(10)
        else:
            os.close(self.keyboard)
        return status if status >= 0 else 128 - status

    def held(self):
        return held_by(self.process.pid)

    def programs(self):
        """Returns the ids of the BPF programs that the process holds."""
        return bpf_programs_of(self.process.pid)


def held_by(pid):
    """Returns the anonymous memory of a process in KiB, and its numbers of descriptors, threads and BPF objects."""
    folder = pathlib.Path("/proc") / str(pid)
    status = (folder / "status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    descriptors = os.listdir(folder / "fd")
    objects = 0
    for descriptor in descriptors:
        try:
            text = (folder / "fdinfo" / descriptor).read_text()
        except OSError:
            continue
        objects += any(mark in text for mark in ("prog_id:", "map_id:", "link_id:"))
    return {
        "memory": int(fields["RssAnon"].split()[0]), "descriptors": len(descriptors),
        "threads": int(fields["Threads"]), "bpf": objects,
    }


def unsteadiness(samples):
    """Returns a line for each resource that did not stay constant over the samples of `held_by`; none if all did.

    Ignores the first third of the samples, in which caches fill and threads end that only the start needs. The peak
    of memory may be 5 % higher in the last third than in the second. The numbers of descriptors, threads and BPF
    objects must not change.
    """
    third = len(samples) // 3
    if not third:
        return []
    lines = []
    before, last = (max(sample["memory"] for sample in part) for part in (samples[third:-third], samples[-third:]))
    if last > before * 1.05:
        lines.append(f"memory grew from {before} to {last} KiB")
    for what in ("descriptors", "threads", "bpf"):
        numbers = [sample[what] for sample in samples[third:]]
        if len(set(numbers)) != 1:
            lines.append(f"{what} {numbers}")
    return lines


def bpf_programs_of(pid):
    folder = pathlib.Path("/proc") / str(pid) / "fdinfo"
    ids = set()
    try:
        for descriptor in os.listdir(folder):
            text = (folder / descriptor).read_text()
            ids.update(int(line.split()[1]) for line in text.splitlines() if line.startswith("prog_id:"))
    except OSError:  # the process has ended, or has closed a descriptor in the meantime
        pass
    return ids


def bpf_programs():
    """Returns the ids of all BPF programs on this machine."""
    text = subprocess.run(["bpftool", "prog", "show", "-j"], capture_output=True, check=True).stdout
    return {program["id"] for program in json.loads(text)}


def remaining(programs, patience=10):
    """Waits until none of the programs exists, for `patience` seconds at most. Returns the ids of those left.

    The kernel frees a program a moment after its last user has closed it.
    """
    end = time.monotonic() + patience
    while programs & bpf_programs() and time.monotonic() < end:
        time.sleep(0.1)
    return programs & bpf_programs()
