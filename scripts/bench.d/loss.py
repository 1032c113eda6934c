"""Checks that uringtop loses no record in a flood of requests, live and in a recording."""
import contextlib
import json
import os
import subprocess
import time

from base import OBSERVER_CPU, WORKLOAD_CPU, last_json, output_of, pinned

PAGE_REPORTING = "/sys/module/page_reporting/parameters/page_reporting_order"


def loss(bench):
    seconds = bench.arguments.flood_seconds
    flood = subprocess.Popen(
        [bench.program("nop_flood"), str(seconds + 4), "32", "--cpu", str(WORKLOAD_CPU)],
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    time.sleep(0.5)
    document = json.loads(output_of(pinned(
        OBSERVER_CPU, [bench.uringtop, "snapshot", "--json", "--duration", f"{seconds}s"])))
    flood.wait()
    lost = document["lost"]
    bench.row(f"lost, NOP flood of {seconds} s ({document['records'] / seconds / 1e6:.1f} M records/s)", f"{lost}",
              "0", lost == 0)
    # The recorded flood is shorter, because the recording is kept in memory.
    short = min(bench.arguments.record_seconds, seconds)
    truth, summary = flood_recorded(bench, short)
    is_equal = summary["submitted"] == summary["completed"] == truth["submitted"]
    bench.row(f"record .uring, NOP flood of {short} s: lost", f"{summary['lost']}", "0", summary["lost"] == 0)
    bench.row("record .uring: submitted, completed", f"{summary['submitted']} {summary['completed']}",
              f"{truth['submitted']}", is_equal)
    bench.results["loss"] = {
        "flood_seconds": seconds, "records": document["records"], "lost": lost, "record": summary,
        "workload": {"submitted": truth["submitted"], "completed": truth["completed"]}}


def flood_recorded(bench, seconds):
    path = bench.path("flood.uring")
    with kept_memory():
        warm(path, seconds * 700 << 20)
        text = output_of(pinned(OBSERVER_CPU, [
            bench.uringtop, "record", "-o", path, "--", bench.program("nop_flood"), str(seconds), "32", "--cpu",
            str(WORKLOAD_CPU)]))
    document = json.loads(output_of([bench.uringtop, "snapshot", "--json", "--from", path]))
    os.unlink(path)
    rings = document["rings"]
    return last_json(text), {
        "submitted": sum(r["submitted"] for r in rings), "completed": sum(r["completed"] for r in rings),
        "lost": document["lost"]}


@contextlib.contextmanager
def kept_memory():
    """Disables free page reporting while the block runs, so that a virtual machine keeps its free memory.

    Otherwise the host takes back free pages. Does nothing on a kernel without page reporting.
    """
    try:
        with open(PAGE_REPORTING) as file:
            before = file.read()
        with open(PAGE_REPORTING, "w") as file:
            file.write("11")  # larger than the order of any block of free pages, so that none is reported
    except OSError:
        yield
        return
    try:
        yield
    finally:
        with open(PAGE_REPORTING, "w") as file:
            file.write(before)


def warm(path, size):
    """Writes `size` bytes, but at most 70 % of the free memory, to a file, and deletes the file.

    In a virtual machine, the first use of a page is ten times slower, because the host provides it only then.
    """
    with open(path, "wb") as file:
        for _ in range(min(size, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 7 // 10) >> 20):
            file.write(bytes(1 << 20))
    os.unlink(path)
