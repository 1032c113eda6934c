import UringRecordings
import UringTrace

/// Threads that serve rings, and what threads did to the memory of requests.
enum ThreadFields {
  static func writeSQThread(of ring: Ring, to json: inout JSONWriter) {
    json.field("sq_thread_setup", ring.sqThreadSetup) { json, setup in
      json.field("idle_ms", setup.idle)
      json.field("policy", setup.policy)
      json.field("nice", setup.nice)
      json.field("processors", setup.processors)
      json.field("delayed_ns", ring.sqThreadWork.delayed)
      json.field("sleeps", ring.sqThreadWork.slept)
    }
  }

  static func write(_ pool: WorkerPool, to json: inout JSONWriter) {
    json.field("pid", pool.tgid)
    json.field("workers", pool.workers)
    json.field("idle", pool.idle)
    json.field("idle_since_ns", pool.idleSince == 0 ? nil : pool.idleSince)
    json.field("processors", pool.processors)
    json.field("program_processors", pool.programProcessors)
  }

  static func write(_ change: MemoryChange, to json: inout JSONWriter) {
    json.field("call", change.call?.rawValue)
    json.field("time_ns", change.time)
    json.field("tid", change.call == nil ? nil : change.tid)
    json.field("address", hex: change.address)
    json.field("length", change.length)
    json.field("discarded", change.isDiscarded)
  }
}
