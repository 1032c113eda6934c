"""Measures the cost for observed programs: time added to each request, and latency at half load."""
import contextlib
import os
import statistics

from observers import OBSERVERS
from workloads import WORKLOADS, fio


def measure(bench, workload, names):
    """Returns the workload's results by name of the observer, one for each round. Observers alternate in each round."""
    results = {name: [] for name in names}
    for _ in range(bench.arguments.rounds):
        for name in names:
            with OBSERVERS[name](bench):
                results[name].append(workload(bench))
            for leftover in ("bench.uring", "bench.jsonl", "perf.data"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(bench.path(leftover))
    return results


def cost(bench):
    names = [name for name in OBSERVERS if not bench.arguments.observers or name in bench.arguments.observers]
    if "none" not in names:
        names.insert(0, "none")
    all_results = {}
    for workload in bench.arguments.workloads or list(WORKLOADS):
        few = workload not in ("nop 32", "fio")
        some = [n for n in names if not few or n in ("none", "floor", "limit", "live", "record .uring", "bpftrace latency")]
        results = measure(bench, WORKLOADS[workload], some)
        bare = statistics.median(r["ns"] for r in results["none"])
        added = {}
        for name in some:
            # The difference is computed for each round separately, because the machine's speed drifts.
            added[name] = statistics.median(
                r["ns"] - b["ns"] for r, b in zip(results[name], results["none"]))
        all_results[workload] = {
            "ns_unobserved": bare, "added_ns": added,
            "rounds": {name: [r["ns"] for r in results[name]] for name in some},
            "percentiles": {name: {key: statistics.median(r[key] for r in results[name])
                                   for key in ("p99", "p999") if key in results[name][0]} for name in some}}
        bench.row(f"{workload}: unobserved", f"{bare:.0f} ns a request")
        for name in some[1:]:
            bench.row(f"{workload}: {name}", f"+{added[name]:.0f} ns{of_limit(added, name)}")
        if workload == "nop 32":
            ratio(bench, added, "live", "limit", 1.30)
            ratio(bench, added, "record .uring", "limit", 1.35)
            ratio(bench, added, "live", "bpftrace latency", 0.32)
            ratio(bench, added, "record .uring", "perf record", 0.26)
            beyond_floor(bench, added, "filtered by pid")
            beyond_floor(bench, added, "filtered by fd")
        if workload in ("fio", "echo"):
            ratio(bench, added, "live", "limit", 1.35)
    bench.results["cost"] = all_results


def of_limit(added, name):
    """Returns text with the time that an observer adds, as a multiple of the limit; empty without a limit.

    The limit is the time added by two BPF programs that only read the clock.
    """
    limit = added.get("limit", 0)
    return f", {added[name] / limit:.2f} of the limit" if limit > 0 and name != "limit" else ""


def beyond_floor(bench, added, name):
    """Adds a row: the time that a filtered request costs beyond the floor (two BPF programs that do nothing)."""
    if name in added and "floor" in added and "limit" in added:
        beyond, allowed = added[name] - added["floor"], max(8, 0.1 * added["limit"])
        bench.row(f"{name}, beyond the floor", f"{beyond:.0f} ns", f"at most {allowed:.0f} ns", beyond <= allowed)


def ratio(bench, added, one, other, limit):
    if one in added and other in added and added[other] > 0:
        value = added[one] / added[other]
        bench.row(f"{one} / {other}", f"{value:.2f}", f"at most {limit:.2f}", value <= limit)


def latency(bench):
    """Measures the latency of fio at half of its highest rate, with and without the UI."""
    full = fio(bench)["iops"]
    runs = {"none": [], "live": []}
    for _ in range(bench.arguments.rounds):
        for name in runs:
            with OBSERVERS[name](bench):
                runs[name].append(fio(bench, rate=int(full / 2)))
    bench.results["latency"] = runs
    for key, name in (("p99", "p99"), ("p999", "p99.9")):
        spread = [r[key] for r in runs["none"]]
        median = statistics.median(r[key] for r in runs["live"])
        bench.row(f"fio at half load, {name}", f"{median:.0f} ns",
                  f"unobserved {min(spread):.0f} to {max(spread):.0f}", median <= max(spread))
