"""Compares snapshots of programs that hung before uringtop started with the truths that the programs printed.

Usage: check.py FOLDER

FOLDER contains the results of guest.sh. A snapshot must list each request in flight and the cause of its wait. uringtop
must account for as many requests as the kernel counts for the ring.
"""
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
    """Checks for each ring that uringtop accounts for all requests that the kernel counts as outstanding."""
    for ring in snapshot["rings"]:
        balance = ring["balance"]
        expect(balance is not None, "a ring without the kernel's count of requests")
        if balance:
            expect(balance["method"] in ("allocated", "references"), f"counted by {balance['method']}")
            expect(
                balance["outstanding"] == balance["accounted"],
                f"{balance['accounted']} of {balance['outstanding']} requests are accounted for")


def agrees(truth, snapshot):
    """Checks that the snapshot lists the requests that are in flight according to the program, and no others."""
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
            expect(found["waits_for"] is not None, f"{one['user_data']}: no cause of its wait")


def only(snapshot, opcode):
    found = [request for request in snapshot["requests"] if request["opcode"] == opcode]
    expect(len(found) == 1, f"{len(found)} requests {opcode}")
    return found[0] if found else None


def check_poll(truth, snapshot):
    poll = only(snapshot, "POLL_ADD")
    expect(poll["state"] == "poll-armed" and poll["place"] == "poll", f"state {poll['state']}, {poll['place']}")
    expect((poll["file"] or "").startswith("pipe:"), f"file {poll['file']}")
    cause = poll["waits_for"]
    expect(cause["kind"] == "file", f"waits for a {cause['kind']}")
    expect("POLLIN of pipe:" in cause["text"] and "not ready" in cause["text"], cause["text"])
    expect(f"/{truth['pid']} fd " in cause["text"], f"no process has the write end: {cause['text']}")
    # guest.sh takes the snapshot at least two seconds after the program submitted the request.
    expect(poll["age_ns"] > 1_500_000_000, f"age {poll['age_ns']}")
    waiter = snapshot["rings"][0]["waiter"]
    expect(waiter and waiter["missing"] == 1 and waiter["pid"] == truth["pid"], f"waiter {waiter}")
    expect(waiter and waiter["asleep_since_ns"], "no start of the wait")


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
        futex = only(snapshot, "FUTEX_WAIT")["waits_for"]
        expect(futex["kind"] == "futex" and f"at {truth['futex']}," in futex["text"], f"futex: {futex}")
        futexes = only(snapshot, "FUTEX_WAITV")["waits_for"]
        expect(f"one of the 2 futexes listed at {truth['futexes']} to be woken" in futexes["text"], f"futexes: {futexes}")
        process = only(snapshot, "WAITID")["waits_for"]
        expect(process["kind"] == "process", "waitid")
        expect(process["text"] == f"process {truth['child']} to change its state", process["text"])
    expect([cqe["user_data"] for cqe in snapshot["rings"][0]["unreaped"]] == ["0xbbb1"], "unreaped")
    expect(snapshot["rings"][0]["sq_pending"] == 2, "unsubmitted")


def check_registered(truth, snapshot):
    """Checks registered files and buffers with their reference counts, and the buffers left in each buffer group."""
    counts = version >= (6, 13)  # Up to 6.12, the kernel has no reference count per file or buffer.
    ring = snapshot["rings"][0]
    files = {str(file["index"]): file for file in ring["files"]}
    expect(files.keys() == truth["files"].keys(), f"files {sorted(files)}")
    for index, told in truth["files"].items():
        file = files.get(index, {})
        name = file.get("name") or ""
        # Up to 6.12, fdinfo has only the last component of a path, which does not identify the file.
        expect(name == told["name"] or not counts and told["name"].startswith("/") and not name,
               f"file {index}: {name}, not {told['name']}")
        expect(file.get("references") == (told["references"] if counts else None), f"file {index}: {file}")
        expect(len(file.get("requests", [])) == told["references"], f"file {index} is used by {file}")
    for request in snapshot["requests"]:
        if request["fixed_file"] is None:  # the write end of the request's pipe has no descriptor
            expect("write end: registered with a ring" in request["waits_for"]["text"], request["waits_for"]["text"])
            continue
        index = str(request["fixed_file"])
        expect(request["file"] == truth["files"][index]["name"], f"{request['opcode']}: file {request['file']}")
        expect(truth["files"][index]["name"] in request["waits_for"]["text"], request["waits_for"]["text"])
        if index == "0":  # file 0 still has a descriptor, so uringtop can query its state
            expect("not ready" in request["waits_for"]["text"], request["waits_for"]["text"])
            expect(f"/{truth['pid']} fd " in request["waits_for"]["text"], "no process has the write end")
    buffers = {str(buffer["index"]): buffer for buffer in snapshot["buffers"] if buffer["kind"] == "registered"}
    for index, references in truth["buffers"].items():
        buffer = buffers.get(index, {})
        expect(len(buffer.get("borrowers", [])) == references, f"buffer {index}: {buffer.get('borrowers')}")
        expect(buffer.get("references") == (references if counts else None), f"buffer {index}: {buffer}")
    groups = {str(buffer["bgid"]): buffer for buffer in snapshot["buffers"] if buffer["kind"] != "registered"}
    expect(groups.keys() == truth["groups"].keys(), f"groups {sorted(groups)}")
    for bgid, told in truth["groups"].items():
        group = groups.get(bgid, {})
        expect(group.get("buffers_left") == told["left"], f"group {bgid}: {group}")
        expect(group.get("kind") == ("provided_ring" if told["entries"] else "provided_legacy"), f"group {bgid}: {group}")
        if told["entries"]:
            expect(group.get("buffer_count") == told["entries"], f"group {bgid}: {group}")


def check_sqpoll(truth, snapshot):
    expect(snapshot["rings"][0]["sq_thread"] == "sleeps", f"{snapshot['rings'][0]['sq_thread']}")


def check_many(truth, snapshot):
    expect(len({request["user_data"] for request in snapshot["requests"]}) == 4096, "not every poll is listed")


def check_overflow(truth, snapshot):
    ring = next((ring for ring in snapshot["rings"] if ring["cq_pending"]), None)
    expect(ring and ring["cq_overflowed"], "no overflow")
    expect(ring and sum(cqe["overflowed"] for cqe in ring["unreaped"]) == 16, "overflowed CQEs")


def check_ublk(truth, snapshot):
    """Checks requests to a ublk device whose server has not committed them."""
    waiting = [r for r in snapshot["requests"] if r["place"] == "block"]
    expect(waiting, "no request is in the block layer")
    for request in waiting:
        cause = request["waits_for"]
        disks = [disk for disk in snapshot["disk_requests"] if disk["request"] == request["id"]]
        expect((request["file"] or "").startswith("/dev/ublkb"), f"file {request['file']}")
        expect(cause["kind"] == "device" and "ublkb" in cause["text"], cause["text"])
        expect("not committed" in cause["text"], cause["text"])
        expect(disks and all(disk["with_server"] for disk in disks), f"disk requests {disks}")
        expect(all(disk["server_pid"] == truth["pid"] for disk in disks), f"served by another process: {disks}")
        expect(all(snapshot["time_ns"] - disk["start_ns"] > 1_000_000_000 for disk in disks), "age")
    check_ublk_report(truth, snapshot)
    tags = {(disk["queue"], disk["tag"]) for disk in snapshot["disk_requests"]}
    expect(len(tags) == len(snapshot["disk_requests"]), "two disk requests with the same tag")


def report(name):
    findings = json.loads((folder / f"{name}.report").read_text())["findings"]
    return [finding for finding in findings if finding["tag"] == "uncommitted-block"], findings


def check_ublk_report(truth, snapshot):
    """Checks that the finding names device, queue, tag and waiting requests. Healthy servers must have no finding."""
    found, findings = report("ublk")
    expect(len(found) == 1, f"findings {[finding['tag'] for finding in findings]}")
    if found:
        waiting = {(r["user_data"], r["opcode"]) for r in snapshot["requests"] if r["place"] == "block"}
        named = {(r["user_data"], r["opcode"]) for r in found[0]["requests"]}
        expect(found[0]["severity"] == "warn", found[0]["severity"])
        expect(waiting <= named, f"names {named}, not {waiting}")
        numbers = found[0]["numbers"]
        place = f"ublkb0 queue {numbers['queue']} tag {numbers['tag']}: "
        expect(found[0]["summary"].startswith(place), found[0]["summary"])
        expect(f"/{truth['pid']} for " in found[0]["summary"], found[0]["summary"])
        tags = {(disk["queue"], disk["tag"]) for disk in snapshot["disk_requests"]}
        expect((numbers["queue"], numbers["tag"]) in tags, f"{place} is not among {tags}")
        expect(numbers["age_ns"] > 3_000_000_000, f"age {numbers['age_ns']}")
    for load in ("--rate=50", "--no-load"):
        found, findings = report(f"ublk{load}")
        expect(not found, f"{load}: {found}")
        # The server's backing file is in memory, so its I/O always needs workers. Delays in a guest are not faults.
        cries = [finding["summary"] for finding in findings if finding["severity"] != "info"
                 and finding["tag"] != "punt-storm" and not finding["summary"].startswith("held_after_done: ")]
        expect(not cries, f"{load}: {cries}")
    if version >= (6, 17):
        check_ublk_faults()
    found, findings = report("ublk--null")
    unused = [f for f in findings if f["tag"] == "group-condition" and f["summary"].startswith("unused: ")]
    expect(not found, f"--null: {found}")
    lends = version >= (6, 17)  # On these kernels, the driver registers buffers automatically.
    expect(len(unused) == lends, f"--null: {[finding['tag'] for finding in findings]}")
    expect(all(finding["requests"] for finding in unused), "unused: no request is named")


def check_ublk_faults():
    """Checks that uringtop finds the condition of each injected fault, with its requests, while the fault happens."""
    found, findings = report("ublk_faults")
    shown = {f["summary"].split(":")[0] for f in findings if f["tag"] == "group-condition" and f["requests"]}
    wanted = {"held_after_done", "given_back_late", "short_member", "partly_filled", "leader_failed", "member_failed",
              "members_cancelled", "wrong_direction"}
    expect(shown >= wanted, f"no {sorted(wanted - shown)} in {sorted(shown)}")


cases = {
    "hang_poll": check_poll, "hang_poll_defer": check_poll, "hang_chain": check_chain, "parked": check_parked,
    "registered": check_registered,
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
print(f"{kernel}: {passed} of {run} hung programs match their truth")
sys.exit(1 if failures else 0)
