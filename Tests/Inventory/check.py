"""Compares what guest.sh brought home with what the programs say: check.py FOLDER.

Each program hung before uringtop started: its requests must all be listed with what they wait for, and the ring's own
counters must agree."""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
kernel = (folder / "kernel").read_text().strip()
version = tuple(int(part) for part in kernel.split("-")[0].split(".")[:2])
failures = []


def expect(condition, text):
    if not condition:
        failures.append(f"{case}: {text}")


def load():
    truth = json.loads((folder / f"{case}.truth").read_text().splitlines()[0])
    return truth, json.loads((folder / f"{case}.json").read_text())


def balanced(snapshot):
    """The kernel's own count of outstanding requests, and what is known."""
    for ring in snapshot["rings"]:
        balance = ring["balance"]
        expect(balance is not None, "a ring without balance")
        if balance:
            expect(balance["method"] in ("allocated", "references"), f"counted by {balance['method']}")
            expect(
                balance["outstanding"] == balance["accounted"],
                f"{balance['accounted']} of {balance['outstanding']} requests are accounted for")


def agrees(truth, snapshot):
    """Every request that the program says is in flight, and no other."""
    requests = snapshot["requests"]
    expect(len(requests) == truth["in_flight"], f"{len(requests)} requests, the program has {truth['in_flight']}")
    listed = {request["user_data"]: request for request in requests}
    for one in truth["requests"]:
        if one["end"] != "in_flight":
            expect(one["user_data"] not in listed, f"{one['user_data']} has ended")
            continue
        found = listed.get(one["user_data"])
        expect(found is not None, f"{one['user_data']} is not listed")
        if found:
            expect(found["opcode"] == one["opcode"], f"{found['opcode']}, not {one['opcode']}")
            expect(found["waits_for"] is not None, f"{one['user_data']}: nothing says what it waits for")


def only(snapshot, opcode):
    found = [request for request in snapshot["requests"] if request["opcode"] == opcode]
    expect(len(found) == 1, f"{len(found)} requests {opcode}")
    return found[0] if found else None


def check_poll(truth, snapshot):
    poll = only(snapshot, "POLL_ADD")
    expect(poll["state"] == "poll_armed" and poll["place"] == "poll", f"state {poll['state']}, {poll['place']}")
    expect((poll["file"] or "").startswith("pipe:"), f"file {poll['file']}")
    cause = poll["waits_for"]
    expect(cause["kind"] == "file", f"waits for a {cause['kind']}")
    expect("POLLIN of pipe:" in cause["text"] and "reports nothing" in cause["text"], cause["text"])
    expect(f"/{truth['pid']} fd " in cause["text"], f"nobody has the write end: {cause['text']}")
    # it slept for two seconds before anybody looked
    expect(poll["age_ns"] > 1_500_000_000, f"age {poll['age_ns']}")
    waiter = snapshot["rings"][0]["waiter"]
    expect(waiter and waiter["missing"] == 1 and waiter["pid"] == truth["pid"], f"waiter {waiter}")
    expect(waiter and waiter["asleep_since_ns"], "since when it waits")


def check_chain(truth, snapshot):
    head = only(snapshot, "READ")
    expect("POLLIN of pipe:" in head["waits_for"]["text"], head["waits_for"]["text"])
    for opcode in ("WRITE", "FSYNC", "CLOSE"):
        member = only(snapshot, opcode)
        cause = member["waits_for"]
        expect(member["state"] == "linked", f"{opcode} is {member['state']}")
        expect(cause["kind"] == "chain" and cause["request"] == head["id"], f"{opcode}: {cause}")
        expect("(READ)" in cause["text"] and "pipe:" in cause["text"], cause["text"])


def check_parked(truth, snapshot):
    opens = sorted(r["waits_for"]["kind"] for r in snapshot["requests"] if r["opcode"] == "OPENAT")
    expect(opens == ["worker", "worker_queue"], f"opens wait for {opens}")
    running = [r for r in snapshot["requests"] if r["place"] == "io_wq_running"]
    expect(any("wait_for_partner" in frame for r in running for frame in r["kernel_stack"]), "no kernel stack")
    if version >= (6, 12):
        expect(only(snapshot, "FUTEX_WAIT")["waits_for"]["kind"] == "futex", "futex")
        expect(only(snapshot, "WAITID")["waits_for"]["kind"] == "process", "waitid")
    expect([cqe["user_data"] for cqe in snapshot["rings"][0]["unreaped"]] == ["0xbbb1"], "unreaped")
    expect(snapshot["rings"][0]["sq_pending"] == 2, "unsubmitted")


def check_sqpoll(truth, snapshot):
    expect(snapshot["rings"][0]["sq_thread"] == "sleeps", f"{snapshot['rings'][0]['sq_thread']}")


def check_many(truth, snapshot):
    expect(len({request["user_data"] for request in snapshot["requests"]}) == 4096, "not every poll")


def check_overflow(truth, snapshot):
    ring = next((ring for ring in snapshot["rings"] if ring["cq_pending"]), None)
    expect(ring and ring["cq_overflowed"], "no overflow")
    expect(ring and sum(cqe["overflowed"] for cqe in ring["unreaped"]) == 16, "overflowed CQEs")


def check_ublk(truth, snapshot):
    """Requests to the device, which its server has not committed."""
    waiting = [r for r in snapshot["requests"] if r["place"] == "block"]
    expect(waiting, "no request is in the block layer")
    for request in waiting:
        cause = request["waits_for"]
        disks = [disk for disk in snapshot["disk_requests"] if disk["request"] == request["id"]]
        expect((request["file"] or "").startswith("/dev/ublkb"), f"file {request['file']}")
        expect(cause["kind"] == "device" and "ublkb" in cause["text"], cause["text"])
        expect("not committed" in cause["text"], cause["text"])
        expect(disks and all(disk["with_server"] for disk in disks), f"disk requests {disks}")
        expect(all(disk["server_pid"] == truth["pid"] for disk in disks), f"served by another: {disks}")
        expect(all(snapshot["time_ns"] - disk["start_ns"] > 1_000_000_000 for disk in disks), "age")
    tags = {(disk["queue"], disk["tag"]) for disk in snapshot["disk_requests"]}
    expect(len(tags) == len(snapshot["disk_requests"]), "a tag twice")


cases = {
    "hang_poll": check_poll, "hang_poll_defer": check_poll, "hang_chain": check_chain, "parked": check_parked,
    "drain": None, "timeout": None, "link_timeout": None, "poll_armed": None, "multishot_recv": None,
    "cq_overflow": check_overflow, "sqpoll": check_sqpoll, "many_polls": check_many, "ublk": check_ublk,
}
passed = run = 0
for case, check in cases.items():
    if (folder / f"{case}.skipped").exists() or (case == "ublk" and version < (6, 12)):
        expect(version < (6, 12), "skipped")
        continue
    before = len(failures)
    run += 1
    try:
        truth, snapshot = load()
        balanced(snapshot)
        if case not in ("ublk", "many_polls", "cq_overflow"):
            agrees(truth, snapshot)
        if check:
            check(truth, snapshot)
    except (OSError, KeyError, TypeError, IndexError, json.JSONDecodeError) as error:
        failures.append(f"{case}: {type(error).__name__}: {error}")
    passed += len(failures) == before
for failure in failures:
    print(f"{kernel}: {failure}")
print(f"{kernel}: {passed} of {run} hung programs are as they say")
sys.exit(1 if failures else 0)
