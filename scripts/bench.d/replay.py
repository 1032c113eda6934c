"""Measures records per second of the aggregator alone, and of the commands that read recordings."""
import os
import subprocess
import tempfile
import time

from base import OBSERVER_CPU, ROOT, WORKLOAD_CPU, last_json, output_of, pinned

COMMANDS = {
    "report": lambda path: ["report", "--from", path],
    "snapshot": lambda path: ["snapshot", "--json", "--from", path],
    "export": lambda path: ["export", path, "-o", "/dev/null", "--format", "uring"],
}


def seconds_of(command):
    """Returns the run time of a command in seconds: the shortest of five, because other processes disturb some runs."""
    times = []
    for _ in range(5):
        start = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.monotonic() - start)
    return min(times)


def replay(bench):
    made = last_json(output_of(pinned(OBSERVER_CPU, [bench.arguments.replay, "--requests", "1000000", "10"])))
    with tempfile.TemporaryDirectory(dir=f"{ROOT}/.build") as directory:
        # The recording is on a disk, as users' recordings are.
        path = os.path.join(directory, "replay.uring")
        subprocess.run(
            [bench.uringtop, "record", "-o", path, "--", bench.program("nop_flood"), "5", "32", "--cpu",
             str(WORKLOAD_CPU)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        recorded = last_json(output_of(pinned(OBSERVER_CPU, [bench.arguments.replay, path, "5"])))
        commands = {
            name: recorded["records"] / seconds_of([bench.uringtop, *arguments(path)])
            for name, arguments in COMMANDS.items()}
    for name, result in (("made in memory", made), ("recorded", recorded)):
        millions = result["records_per_second"] / 1e6
        bench.row(f"replay, NOPs {name}", f"{millions:.1f} M records/s", "60 M", millions >= 60)
    bench.row("replay, including reading the file", f"{recorded['file_records_per_second'] / 1e6:.1f} M records/s")
    for name, rate in commands.items():
        bench.row(f"{name} of the recording, whole process", f"{rate / 1e6:.1f} M records/s")
    share = commands["report"] / recorded["records_per_second"]
    bench.row("report / the aggregator alone", f"{share:.2f}", "at least 0.85", share >= 0.85)
    share = commands["report"] / recorded["file_records_per_second"]
    bench.row("report / the aggregator, including reading the file", f"{share:.2f}")
    bench.results["replay"] = {"made": made, "recorded": recorded, "commands": commands}
