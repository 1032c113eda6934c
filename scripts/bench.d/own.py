"""Measures uringtop's own needs: processor time, memory, time to start."""
import json
import statistics
import subprocess
import time

from base import WORKLOAD_CPU, last_json, output_of, resident_megabytes, seconds_since, thread_seconds
from observers import Screen, held, live, nobody


def reader(bench):
    """Measures the processor time of the UI during a flood of NOPs."""
    with live(bench) as pid:
        before = thread_seconds(pid)
        start = time.monotonic()
        truth = last_json(output_of([bench.program("nop_flood"), "4", "32", "--cpu", str(WORKLOAD_CPU)]))
        used, passed = seconds_since(before, pid), time.monotonic() - start
    share = used / passed
    per_million = used / truth["submitted"] * 1e6
    bench.row("reader under the NOP flood", f"{share:.0%} of its core", "at most 30%", share <= 0.30)
    bench.row("reader, a million requests", f"{per_million:.3f} s")
    bench.results["reader"] = {"share": share, "seconds_per_million": per_million}


def highest_resident(pid, seconds=8):
    """Returns the highest resident memory within `seconds`, in megabytes: some peaks last only for moments."""
    end = time.monotonic() + seconds
    highest = 0
    while time.monotonic() < end:
        highest = max(highest, resident_megabytes(pid))
        time.sleep(0.05)
    return highest


def memory(bench):
    results = {}
    cases = [("idle", None, ())] + [
        (f"{count:,} in flight", "many_inflight", (count, "poll")) for count in (10, 10_000, 1_000_000)]
    cases.append(("1,000 rings", "many_rings", (1000,)))
    for name, program, arguments in cases:
        # Observes only this program, because others may have rings too.
        with live(bench, ["--comm", program or "nobody"]) as pid:
            with held(bench, program, *arguments) if program else nobody():
                results[name] = highest_resident(pid)
        limit = {"idle": 22, "10,000 in flight": 30, "1,000,000 in flight": 320}.get(name)
        bench.row(f"resident, {name}", f"{results[name]:.1f} MB", f"at most {limit} MB" if limit else "",
                  results[name] <= limit if limit else None)
    bench.results["memory_mb"] = results


def start(bench):
    frames, firsts = [], []
    for _ in range(bench.arguments.rounds * 2):
        screen = Screen([bench.uringtop])
        screen.wait_for_frame()
        frames.append(screen.first_frame * 1000)
        screen.end()
        flood = subprocess.Popen([bench.program("paced"), "10", "20000"], stdout=subprocess.DEVNULL,
                                 stdin=subprocess.DEVNULL)
        time.sleep(0.3)
        path = bench.path("start.jsonl")
        began = time.monotonic_ns()
        subprocess.run([bench.uringtop, "record", "-o", path, "--duration", "200ms"], check=True,
                       stderr=subprocess.DEVNULL)
        flood.terminate()
        flood.wait()
        with open(path) as file:
            for line in file:
                event = json.loads(line)
                if event.get("event") == "submit":
                    firsts.append((event["time_ns"] - began) / 1e6)
                    break
    bench.results["start_ms"] = {"first_frame": frames, "first_request": firsts}
    frame = statistics.median(frames)
    bench.row("exec to first frame", f"{frame:.0f} ms", "under 250 ms", frame < 250)
    if firsts:
        first = statistics.median(firsts)
        bench.row("exec to first captured request", f"{first:.0f} ms", "at most 60 ms", first <= 60)


def share_beside_paced(bench, pid, rate):
    """Returns the processor share (0 to 1) of a process over ten seconds, at a load of `rate` requests per second."""
    load = rate and subprocess.Popen(
        [bench.program("paced"), "20", str(rate), "--cpu", str(WORKLOAD_CPU)], stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL)
    time.sleep(1)
    before = thread_seconds(pid)
    time.sleep(10)
    share = seconds_since(before, pid) / 10
    if load:
        load.terminate()
        load.wait()
    return share


def idle(bench):
    shares = {}
    for rate in (0, 1000, 10_000, 100_000):
        with live(bench, ["--comm", "paced"]) as pid:
            shares[rate] = share_beside_paced(bench, pid, rate)
        limit = {0: 0.0015, 1000: 0.005, 100_000: 0.10}.get(rate)
        bench.row(f"processor at {rate:,} requests/s", f"{shares[rate]:.2%}", f"at most {limit:.2%}" if limit else "",
                  shares[rate] <= limit if limit else None)
    bench.results["processor_share"] = shares
