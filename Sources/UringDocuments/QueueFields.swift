import UringRecordings
import UringTrace

/// Writes the contents of a ring's queues, and the tasks that serve or watch them, into a document.
enum QueueFields {
  static func write(_ ring: Ring, to json: inout JSONWriter) {
    json.field("unsubmitted", array: ring.unsubmitted) { json, sqe in
      json.object { json in
        json.field("user_data", hex: sqe.user_data)
        json.field("opcode", Opcode(rawValue: sqe.opcode).name)
        SQEFields.write(sqe, to: &json)
      }
    }
    json.field("unreaped", array: ring.unreaped) { json, cqe in
      json.object { json in
        writeCQE(cqe.userData, cqe.result, cqe.flags, to: &json)
        json.field("overflowed", cqe.isOverflowed)
      }
    }
    json.field("reaped", array: ring.reaped) { json, cqe in
      json.object { json in
        writeCQE(cqe.userData, cqe.result, cqe.flags, to: &json)
        json.field("opcode", cqe.sqe.map { Opcode(rawValue: $0.opcode).name })
      }
    }
    json.field("polled", ring.isPolled)
    json.field("eventfd", JSONNames.eventfd(ring.eventfd))
    json.field("reap_lags", array: ring.reapLags) { json, lag in
      json.object { json in
        json.field("first_unread_ns", lag.firstUnread)
        json.field("last_unread_ns", lag.lastUnread)
        json.field("taken_ns", lag.taken == 0 ? nil : lag.taken)
        json.field("user_data", hex: lag.userData)
        json.field("count", lag.count)
        json.field("tid", lag.tid == 0 ? nil : lag.tid)
        json.field("call", lag.call.isEmpty ? nil : lag.call)
      }
    }
  }

  private static func writeCQE(
    _ userData: UInt64, _ result: Int32, _ flags: UInt32, to json: inout JSONWriter
  ) {
    json.field("user_data", hex: userData)
    json.field("result", result)
    json.field("errno", JSONNames.errno(result))
    json.field("cqe_flags", CQEFlags(rawValue: flags).names)
  }
}
