#!/usr/bin/env python3
"""Compares the truth that each test program prints (its own counts, as JSON) with its ftrace trace.

Usage: trace.sh DIRECTORY | verify.py

Input for each program: a line `PROGRAM name status message`, a line `TRUTH json`, and the lines of the trace. Exit
status 1 if a program failed, if a truth and its trace differ, or if there is no program.
"""
import collections
import json
import re
import sys

LINE = re.compile(r"^\s*(?P<task>.*)-(?P<pid>\d+)\s+\[\d+\]\s+\S+\s+[\d.]+: io_uring_(?P<event>\w+): (?P<text>.*)$")


def field(name, text):
    found = re.search(rf"\b{name} (-?\w+)", text)
    return found and found.group(1)


def user_data(text):
    found = re.search(r"user_data:? (0x[0-9a-f]+)", text)
    return found and hex(int(found.group(1), 16))


def compare(truth, lines):
    """Returns the counts of the program's trace events by name, and a text for each difference from its truth."""
    events = [match.groupdict() for match in map(LINE.match, lines) if match]
    creates = [e for e in events if e["event"] == "create" and int(e["pid"]) == truth["pid"]]
    rings = {field("ring", e["text"]) for e in creates}
    mine = [e for e in events if field("ring", e["text"]) in rings]
    counts = collections.Counter(e["event"] for e in mine)
    # The event task_work_run names no ring and is counted by process. (A kernel that lacks entropy prints every pointer
    # as ____ptrval____. Then the rings of programs cannot be distinguished, and no other program should use io_uring.)
    if None not in rings:
        counts.update(e["event"] for e in events if e["event"] == "task_work_run" and int(e["pid"]) == truth["pid"])
    wrong = []

    def same(what, expected, seen):
        if expected != seen:
            wrong.append(f"{what}: {expected} in the truth, {seen} in the trace")

    def data(event):
        return collections.Counter(user_data(e["text"]) for e in mine if e["event"] == event)

    requests = truth["requests"]
    same("rings", [(r["sq_entries"], r["cq_entries"]) for r in truth["rings"]],
         [(int(field("sq size", e["text"])), int(field("cq size", e["text"]))) for e in creates])
    failed = collections.Counter(r["user_data"] for r in requests if r.get("prep_failed"))
    same("req_failed", failed, data("req_failed"))
    submitted = collections.Counter(r["user_data"] for r in requests
                                    if not r.get("prep_failed") or r.get("also_submitted"))
    same("submit", submitted, data("submit_req") + data("submit_sqe"))
    overflowed = collections.Counter(r["user_data"] for r in requests if r.get("overflowed"))
    same("cqe_overflow", overflowed, data("cqe_overflow"))

    seen = collections.defaultdict(list)
    for e in mine:
        if e["event"] == "complete":
            seen[user_data(e["text"])].append((int(field("result", e["text"])), int(field("cflags", e["text"]), 16)))
    for r in requests:
        completions = seen.pop(r["user_data"], [])
        results = [result for result, flags in completions if not flags & 8]
        expected = r.get("results", [r["res"]] if r["cqes"] else [])
        if r["end"] == "ring_exit":
            expected = expected + [-125]
        if r.get("overflowed"):
            expected = []
        if len(results) > 8:
            results = results[:8]
        same(f"results of {r['user_data']} ({r['opcode']})", expected, results)
        same(f"notifications of {r['user_data']}", r.get("notifs", 0), sum(1 for _, flags in completions if flags & 8))
    for aux in truth.get("aux", []):
        same(f"CQE {aux['user_data']} without a request", [aux["res"]], [result for result, _ in seen.pop(aux["user_data"], [])])
    same("completions without a request", {}, dict(seen))
    if "short_traced" in truth:
        same("short_write", truth["short_traced"], counts["short_write"])
    for key, event in {"cancelled": "fail_link", "deferred": "defer", "poll_armed": "poll_arm"}.items():
        if key in truth and truth["program"] != "cancel":
            same(event, truth[key], counts[event])
    if "hashed_writes" in truth:
        hashed = sum(1 for e in mine if e["event"] == "queue_async_work" and re.search(r"hashed queue|hashed 1", e["text"]))
        same("hashed work", truth["hashed_writes"], hashed)
    return counts, wrong


def main():
    kernel, programs = "", []
    for line in sys.stdin:
        line = line.rstrip("\r\n")
        if line.startswith("KERNEL "):
            kernel = line.split()[1]
        elif line.startswith("PROGRAM "):
            programs.append((line.split(None, 3)[1:], []))
        elif programs:
            programs[-1][1].append(line)
    bad = not programs
    print("kernel", kernel)
    for head, lines in programs:
        name, status = head[0], int(head[1])
        if status == 77:
            print(f"skip  {name}: {head[2] if len(head) > 2 else ''}")
            continue
        truth = next((line[6:] for line in lines if line.startswith("TRUTH {")), None)
        if status or not truth:
            print(f"FAIL  {name}: status {status} {head[2] if len(head) > 2 else ''}")
            bad = True
            continue
        counts, wrong = compare(json.loads(truth), lines)
        bad = bad or bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '}  {name}: {' '.join(f'{event}={n}' for event, n in sorted(counts.items()))}")
        for text in wrong:
            print(f"        {text}")
    sys.exit(bad)


main()
