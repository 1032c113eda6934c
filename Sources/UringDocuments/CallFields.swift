import UringRecordings
import UringTrace

/// Writes system calls, and limits that can refuse them, into a document.
enum CallFields {
  static func write(_ snapshot: Snapshot, to json: inout JSONWriter) {
    if snapshot.callsWatchedSince == nil {
      json.field("system_calls", nil as UInt64?)
    } else {
      json.field("system_calls", array: snapshot.systemCalls) { json, calls in
        json.object { write(calls, to: &$0) }
      }
    }
    let processes = snapshot.processLimits.keys.sorted()
    json.field("process_limits", array: processes) { json, tgid in
      guard let limits = snapshot.processLimits[tgid] else { return }
      json.object { json in
        json.field("pid", tgid)
        json.field("memlock_bytes", limits.lockedBytes)
        json.field("nofile", limits.files)
        json.field("io_uring_disabled", limits.disabled)
        json.field("io_uring_group", limits.group)
      }
    }
  }

  private static func write(_ calls: SystemCalls, to json: inout JSONWriter) {
    json.field("call", calls.call.rawValue)
    json.field("pid", calls.tgid)
    json.field("tid", calls.tid)
    json.field("ring", calls.ring)
    json.field("fd", calls.fd)
    json.field("result", calls.result)
    json.field("errno", JSONNames.errno(calls.result))
    json.field("count", calls.count)
    json.field("first_ns", calls.firstTime)
    json.field("last_ns", calls.lastTime)
    json.field("getevents_ns", calls.getEventsTime == 0 ? nil : calls.getEventsTime)
    json.field("sqes", calls.sqes)
    json.field("argument", calls.argument)
    json.field("minimum", calls.minimum)
    json.field("flags", calls.flags)
    json.field("entered", calls.isEntered)
    json.field("seccomp_filter", calls.isFiltered)
  }

  static func write(callsOf ring: Ring, to json: inout JSONWriter) {
    json.field("submitter_tid", ring.submitterTid == 0 ? nil : ring.submitterTid)
    json.field("last_taken", ring.lastTaken) { json, taken in
      json.field("count", taken.count)
      json.field("user_data", hex: taken.sqe.user_data)
      json.field("opcode", Opcode(rawValue: taken.sqe.opcode).name)
      json.field("result", taken.result)
      json.field("errno", taken.result.flatMap { JSONNames.errno($0) })
    }
    json.field("failed_registrations", array: ring.failedRegistrations) { json, failure in
      json.object { json in
        json.field("register_name", failure.opcode.name)
        json.field("result", failure.result)
        json.field("errno", JSONNames.errno(failure.result))
        json.field("pid", failure.tgid)
        json.field("tid", failure.tid)
        json.field("count", failure.count)
        json.field("time_ns", failure.time)
      }
    }
  }
}
