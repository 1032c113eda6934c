"""Checks traces for Perfetto: with Perfetto's official protobuf definitions, and against uringtop's other outputs.

Usage: check.py FOLDER

FOLDER contains, for each NAME.pftrace, NAME.jsonl (`export`) and NAME.json (`snapshot --json`) of the same recording.
"""

import collections
import json
import pathlib
import sys

from google.protobuf.unknown_fields import UnknownFieldSet
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

BEGIN, END = TrackEvent.TYPE_SLICE_BEGIN, TrackEvent.TYPE_SLICE_END
INSTANT, COUNTER = TrackEvent.TYPE_INSTANT, TrackEvent.TYPE_COUNTER


def check(condition, *what):
    if not condition:
        raise SystemExit("FAILED: " + " ".join(str(part) for part in what))


def messages(message):
    """Yields the protobuf message and all messages nested in it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in value if field.is_repeated else [value]:
            yield from messages(part)


class Events:
    """The events of a trace, as tuples of time, event, name, categories and details.

    Checks properties that every trace must have.
    """

    def __init__(self, path):
        trace = Trace()
        trace.ParseFromString(path.read_bytes())
        check(len(trace.packet) > 1, path, "has no packets")
        self.all, self.tracks, self.counters = [], {}, set()
        names, categories, details = {}, {}, {}
        for message in messages(trace):
            check(not len(UnknownFieldSet(message)), path, "unknown field in", message)
        for packet in trace.packet:
            check(packet.trusted_packet_sequence_id == 1, path, "a packet without a sequence")
            for entry in packet.interned_data.event_names:
                check(names.setdefault(entry.iid, entry.name) == entry.name, path, "a name changed")
            for entry in packet.interned_data.event_categories:
                categories[entry.iid] = entry.name
            for entry in packet.interned_data.debug_annotation_names:
                details[entry.iid] = entry.name
            if packet.HasField("track_descriptor"):
                track = packet.track_descriptor
                check(track.uuid not in self.tracks, path, "a track is described twice")
                check(not track.parent_uuid or track.parent_uuid in self.tracks, path, "no parent")
                check(track.name, path, "a track without a name")
                self.tracks[track.uuid] = track
                if track.HasField("counter"):
                    self.counters.add(track.uuid)
            if packet.HasField("track_event"):
                event = packet.track_event
                check(event.track_uuid in self.tracks, path, "an event without a track")
                check((event.type == COUNTER) == (event.track_uuid in self.counters), path, event)
                if event.type in (BEGIN, INSTANT):
                    check(event.name_iid in names or event.name, path, "an event without a name")
                self.all.append(
                    (
                        packet.timestamp,
                        event,
                        names.get(event.name_iid, event.name),
                        [categories[iid] for iid in event.category_iids],
                        {details[d.name_iid]: value(d) for d in event.debug_annotations},
                    )
                )
        self.path = path
        self.check_slices()
        self.check_arrows()

    def of(self, category, type):
        return [e for e in self.all if category in e[3] and e[1].type == type]

    def check_slices(self):
        """Checks that only slices of the category `step` begin while another slice of their track is open.

        Counts the slices that never end, by category (`open`).
        """
        self.open = collections.Counter()
        depth = collections.defaultdict(list)
        # The sort is stable: events at the same time stay in the order of the file, as in Perfetto.
        for time, event, name, category, _ in sorted(self.all, key=lambda e: e[0]):
            stack = depth[event.track_uuid]
            if event.type == BEGIN:
                if category[0] != "step":
                    check(not stack, self.path, name, "overlaps", stack, "at", time)
                stack.append((name, category[0]))
            elif event.type == END:
                check(stack, self.path, "an end without a beginning at", time)
                stack.pop()
        for stack in depth.values():
            self.open.update(category for _, category in stack)

    def check_arrows(self):
        """Checks that every arrow (flow) has two ends, and counts the arrows."""
        ends = collections.Counter()
        for _, event, *_ in self.all:
            ends.update(event.flow_ids)
            ends.update(event.terminating_flow_ids)
        bad = {flow: count for flow, count in ends.items() if count != 2}
        check(not bad, self.path, "arrows without two ends:", bad)
        self.arrows = len(ends)


def value(detail):
    if detail.array_values:
        return [part.uint_value for part in detail.array_values]
    return getattr(detail, detail.WhichOneof("value"))


def compare(path):
    """Compares a trace with the snapshot and the export of its recording.

    Returns the numbers of events and arrows in the trace.
    """
    events = Events(path)
    lines = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]
    snapshot = json.loads(path.with_suffix(".json").read_text())
    totals = snapshot["totals"]

    def equal(what, mine, theirs):
        check(mine == theirs, path, what, "in the trace:", mine, "in the model:", theirs)

    begun = events.of("request", BEGIN)
    requests = {d["request"]: (time, name, d) for time, _, name, _, d in begun}
    equal("requests", len(begun), totals["submitted"] + totals["found"])
    equal("requests by id", len(requests), len(begun))
    equal("requests in flight", events.open["request"], totals["in_flight"])
    named = {line["request"] for line in lines if line["type"] == "event" and line["request"]}
    equal("requests with events", set(requests) - named, set())

    model = {r["id"]: r for r in snapshot["requests"] + snapshot["recent"]}
    for id, request in model.items():
        time, name, details = requests[id]
        equal(f"start of {id}", time, request["start_ns"])
        check(name.split()[0] == request["opcode"], path, id, name)
        equal(f"result of {id}", details.get("result"), request["result"])
        equal(f"errno of {id}", details.get("errno"), request["errno"])
        equal(f"state of {id}", details["state"], request["state"])
        if request["user_data"] is not None:
            equal(f"user_data of {id}", details["user_data"], int(request["user_data"], 16))
    if len(model) == len(requests):
        compare_model(events, snapshot, lines, model, equal)

    waits = [line for line in lines if line.get("event") == "cqring_wait"]
    equal("waits", len(events.of("wait", BEGIN)), len(waits))
    rings = {line["ring"] for line in lines if line["type"] == "event" and line["ring"]}
    named = {t.name.split()[1] for t in events.tracks.values() if not t.parent_uuid and t.name.startswith("ring ")}
    check({str(ring) for ring in rings} == named, path, "rings", rings, named)
    return len(events.all), events.arrows


def compare_model(events, snapshot, lines, model, equal):
    """Makes the comparisons that need a snapshot with all requests and groups."""
    chains = sum(len(chain["members"]) - 1 for chain in snapshot["chains"])
    groups = snapshot["groups"]
    equal("groups", len(events.of("group", BEGIN)), len(groups))
    equal("lends", sum(e[2] == "lends" for e in events.all), sum(g["member_count"] for g in groups))
    given = [g for g in groups if g["ack"]]
    ends = [e for e in events.of("group", INSTANT) if "derived" in e[4]]
    equal("acknowledgements", len(ends), len(given))
    instants = [e for e in events.of("group", INSTANT) if e[1].flow_ids or e[1].terminating_flow_ids]
    acknowledged = sum(e[2] == "all members ended" for e in events.all)
    lent = sum(len(e[1].flow_ids) + len(e[1].terminating_flow_ids) for e in instants) - acknowledged
    workers = [e for e in events.all if "worker" in e[3]]
    working = sum(len(e[1].flow_ids) for e in workers)
    equal("arrows", events.arrows, chains + lent + working)
    named = {line["tid"]: line["comm"] for line in lines if line.get("event") == "task_name"}
    executed = {id for id, request in model.items() if by_worker(request, named)}
    equal("requests with workers", {e[4]["request"] for e in workers}, executed)
    findings = events.of("finding", INSTANT)
    tags = sorted(f["tag"] for f in snapshot["findings"])
    check(set(tags) <= {e[2] for e in findings}, "findings", tags, [e[2] for e in findings])


EXECUTES = {"file_assigned", "short_write", "poll_armed", "posted"}


def by_worker(request, names):
    """Returns True if a thread other than the submitter executed the request after its handover to io-wq."""
    steps = request["steps"]
    handover = [i for i, step in enumerate(steps) if step["step"].startswith("queued_to_worker")]
    for step in steps[handover[0] + 1 :] if handover else []:
        if step["tid"] in (0, request["tid"]):
            continue
        if step["tid"] in names:
            if names[step["tid"]].startswith("iou-wrk-"):
                return True
        elif step["step"] in EXECUTES:
            return True
        elif step["step"] in ("completed", "overflowed") and request["errno"] != "ECANCELED":
            return True
    return False


def main():
    folder = pathlib.Path(sys.argv[1])
    traces = sorted(folder.glob("*.pftrace"))
    check(traces, "no traces in", folder)
    for path in traces:
        count, arrows = compare(path)
        print(path.stem, count, "events", arrows, "arrows")


main()
