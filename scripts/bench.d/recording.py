"""Measures recordings: bytes per request, processor time of the writer thread, and cost of the flight recorder."""
import json
import os
import signal
import subprocess
import tempfile
import time

from base import (
    OBSERVER_CPU, WORKLOAD_CPU, output_of, pinned, resident_megabytes, seconds_since, thread_seconds)


def writer_seconds(pid):
    """Returns the processor time of the thread that compresses and writes, in seconds; 0 if it has ended."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/comm") as file:
                if file.read().strip() != "writer":
                    continue
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                return int(file.read().split()[0]) / 1e9
        except OSError:
            pass
    return 0


def recorded(bench, command):
    """Records a command. Returns the size of the recording, its numbers of completed requests and lost records, and
    the processor time of the writer thread in seconds."""
    path = bench.path("size.uring")
    process = subprocess.Popen(
        pinned(OBSERVER_CPU, [bench.uringtop, "record", "-o", path, "--", *command]), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    used = 0
    while process.poll() is None:
        try:
            used = max(used, writer_seconds(process.pid))
        except OSError:
            pass
        time.sleep(0.02)
    if process.returncode != 0:
        raise RuntimeError(process.stderr.read())
    document = json.loads(output_of([bench.uringtop, "snapshot", "--json", "--from", path]))
    size = os.path.getsize(path)
    os.unlink(path)
    return {"bytes": size, "requests": sum(ring["completed"] for ring in document["rings"]), "lost": document["lost"],
            "writer_seconds": used}


def recording(bench):
    seconds = bench.arguments.seconds + 3
    data = bench.path("size.data")
    workloads = {
        "NOP flood": [bench.program("nop_flood"), str(seconds), "32", "--cpu", str(WORKLOAD_CPU)],
        "fio, random reads": pinned(WORKLOAD_CPU, [
            "fio", "--name=bench", "--ioengine=io_uring", "--rw=randread", "--bs=4k", "--size=64m", "--iodepth=16",
            "--time_based", f"--runtime={seconds}", f"--filename={data}", "--output=/dev/null"]),
        "NOPs, 100,000/s": [bench.program("paced"), str(seconds), "100000", "--cpu", str(WORKLOAD_CPU)],
    }
    results = {}
    for name, command in workloads.items():
        result = results[name] = recorded(bench, command)
        each = result["bytes"] / max(1, result["requests"])
        bench.row(f"record .uring, {name}", f"{each:.1f} bytes/request", "at most 40", each <= 40)
        bench.row(f"writer, {name}", f"{result['writer_seconds'] / max(1, result['requests']) * 1e9:.0f} ns/request, "
                  f"{result['lost']} lost")
    bench.results["recording"] = results
    keep(bench)


def keep(bench):
    """Measures processor share and memory of the flight recorder (`record --keep`) under steady loads."""
    results = {}
    for rate in (0, 1000, 100_000):
        with tempfile.TemporaryDirectory(dir=bench.directory) as folder:
            recorder = subprocess.Popen(
                pinned(OBSERVER_CPU, [
                    bench.uringtop, "record", "--keep", "60s", "--max-size", "256M", "-o", folder, "--on",
                    "crit,p99>50ms"]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            load = rate and subprocess.Popen(
                [bench.program("paced"), "40", str(rate), "--cpu", str(WORKLOAD_CPU)], stdout=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL)
            time.sleep(4)
            before = thread_seconds(recorder.pid)
            time.sleep(20)
            share, memory = seconds_since(before, recorder.pid) / 20, resident_megabytes(recorder.pid)
            if load:
                load.terminate()
                load.wait()
            recorder.send_signal(signal.SIGTERM)
            recorder.wait()
        results[rate] = {"share": share, "resident_mb": memory}
        limit = {1000: 0.01, 100_000: 0.04}.get(rate)
        bench.row(f"record --keep at {rate:,} requests/s", f"{share:.2%} of a core, {memory:.0f} MB",
                  f"under {limit:.0%}" if limit else "", share < limit if limit else None)
    bench.results["keep"] = results
