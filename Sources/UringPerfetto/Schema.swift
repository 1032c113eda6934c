/// Numbers of fields and values, from Perfetto's definitions, version 0.59:
/// protos/perfetto/trace/{trace,trace_packet,trace_packet_defaults,clock_snapshot}.proto and
/// protos/perfetto/trace/track_event/{track_event,track_descriptor,counter_descriptor,debug_annotation}.proto.
enum Schema {
  enum Trace {
    static let packet: UInt32 = 1
  }

  enum TracePacket {
    static let clockSnapshot: UInt32 = 6
    static let timestamp: UInt32 = 8
    static let trustedPacketSequenceID: UInt32 = 10
    static let trackEvent: UInt32 = 11
    static let internedData: UInt32 = 12
    static let sequenceFlags: UInt32 = 13
    static let tracePacketDefaults: UInt32 = 59
    static let trackDescriptor: UInt32 = 60

    static let incrementalStateCleared: UInt64 = 1
    static let needsIncrementalState: UInt64 = 2
  }

  enum TracePacketDefaults {
    static let timestampClockID: UInt32 = 58
  }

  enum ClockSnapshot {
    static let clocks: UInt32 = 1
    static let primaryTraceClock: UInt32 = 2
    static let clockID: UInt32 = 1
    static let timestamp: UInt32 = 2

    static let realtime: UInt64 = 1
    static let monotonic: UInt64 = 3
  }

  enum TrackEvent {
    static let categoryIIDs: UInt32 = 3
    static let debugAnnotations: UInt32 = 4
    static let type: UInt32 = 9
    static let nameIID: UInt32 = 10
    static let trackUUID: UInt32 = 11
    static let name: UInt32 = 23
    static let counterValue: UInt32 = 30
    static let flowIDs: UInt32 = 47
    static let terminatingFlowIDs: UInt32 = 48
  }

  enum EventType: UInt64 {
    case sliceBegin = 1
    case sliceEnd = 2
    case instant = 3
    case counter = 4
  }

  enum DebugAnnotation {
    static let nameIID: UInt32 = 1
    static let boolValue: UInt32 = 2
    static let uintValue: UInt32 = 3
    static let intValue: UInt32 = 4
    static let stringValue: UInt32 = 6
    static let pointerValue: UInt32 = 7
    static let arrayValues: UInt32 = 12
  }

  enum TrackDescriptor {
    static let uuid: UInt32 = 1
    static let name: UInt32 = 2
    static let parentUUID: UInt32 = 5
    static let counter: UInt32 = 8
    static let childOrdering: UInt32 = 11
    static let siblingOrderRank: UInt32 = 12

    static let explicitOrder: UInt64 = 3
  }

  enum CounterDescriptor {
    static let unit: UInt32 = 3
    static let count: UInt64 = 2
  }

  enum InternedData {
    static let eventCategories: UInt32 = 1
    static let eventNames: UInt32 = 2
    static let debugAnnotationNames: UInt32 = 3
    /// Fields of each interned name.
    static let iid: UInt32 = 1
    static let name: UInt32 = 2
  }
}
