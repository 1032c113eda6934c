import UblkTarget
import UringRecordings
import UringTrace

/// The demonstration target's account of its own work, as JSON; `docs/json.md` lists the members.
enum DemoAccount {
  /// The `demo` object, without an end of line.
  static func write(_ status: Status, to json: inout JSONWriter) {
    let totals = status.totals
    json.object { json in
      json.field("target", status.target.rawValue)
      json.field("mode", status.mode)
      json.field("device", status.device)
      json.field("backing", status.backing)
      json.field("direct", status.isDirect)
      json.field("size", status.size)
      json.field("block_size", status.blockSize)
      json.field("queues", status.queues.count)
      json.field("depth", status.queues.first?.tags.count ?? 0)
      json.field("ran_ns", status.time - status.startTime)
      json.field("ios", totals.ios)
      json.field("bytes", totals.bytes)
      json.field("verified", status.load?.verified ?? 0)
      json.field("errors", status.errors)
      json.field("failure", status.failure ?? status.load?.failure)
      json.key("operations")
      json.object { json in
        for operation in Operation.allCases {
          guard let count = totals.operations[operation] else { continue }
          json.field(name(operation), count)
        }
      }
      json.field("read_bytes", totals.readBytes)
      json.field("written_bytes", totals.writtenBytes)
      json.field("groups", totals.groups)
      json.field("members", totals.members)
      json.field("remainders", totals.remainders)
      json.field("fallbacks", totals.fallbacks)
      json.key("faults")
      json.array(Fault.allCases.filter { totals.faults[$0] != nil }) { json, fault in
        json.object { json in
          json.field("fault", fault.rawValue)
          json.field("ios", totals.faults[fault]!)
        }
      }
      json.key("load")
      if let load = status.load { write(load, to: &json) } else { json.null() }
    }
  }

  private static func write(_ load: LoadStatus, to json: inout JSONWriter) {
    json.object { json in
      json.field("ios", load.ios)
      json.field("reads", load.reads)
      json.field("writes", load.writes)
      json.field("flushes", load.flushes)
      json.field("bytes", load.bytes)
      json.field("verified_blocks", load.verified)
      json.field("mismatches", load.mismatches)
      json.field("first_mismatch", load.firstMismatch)
      json.key("failures")
      json.array(load.failures.sorted { $0.key < $1.key }) { json, failure in
        json.object { json in
          json.field("errno", failure.key)
          json.field("ios", failure.value)
        }
      }
    }
  }

  /// An I/O of the target's log as a line of JSON. Times are CLOCK_MONOTONIC, and null for events
  /// that did not happen.
  static func write(_ record: IORecord, to json: inout JSONWriter) {
    func time(_ value: UInt64) -> UInt64? { value == 0 ? nil : value }
    json.object { json in
      json.field("number", record.number)
      json.field("queue", record.queue)
      json.field("tag", record.tag)
      json.field("op", record.operation.name)
      json.field("sector", GroupBuffer.UblkIO.sector(record.sector))
      json.field("length", record.length)
      json.field("result", record.result)
      json.field("slot", record.slot)
      json.field("automatic", record.isAutomatic)
      json.field("fault", record.fault?.rawValue)
      json.field("members", record.members)
      json.field("moved_bytes", record.moved)
      json.field("fetched_ns", record.fetched)
      json.field("registered_ns", time(record.registered))
      json.field("issued_ns", time(record.issued))
      json.field("completed_ns", time(record.completed))
      json.field("unregistered_ns", time(record.unregistered))
      json.field("committed_ns", time(record.committed))
    }
    json.newline()
  }

  private static func name(_ operation: Operation) -> StaticString {
    switch operation {
    case .read: "read"
    case .write: "write"
    case .flush: "flush"
    case .discard: "discard"
    case .writeZeroes: "write_zeroes"
    case .send: "send"
    case .unknown: "unknown"
    }
  }
}
