/// Writes the packets of a Perfetto trace, tracks and their events, as one packet sequence.
struct PacketWriter {
  /// The subject of a track event; its name is the event's category.
  enum Category: UInt64, CaseIterable {
    case request = 1
    case step, group, worker, wait, finding, counter
  }

  /// The details of an event.
  enum Detail: UInt64, CaseIterable {
    case request = 1
    case userData, result, errno, cqes, cqeFlags, sqeFlags, file, fd, fixedFile, pid, tid, task
    case chain, group, state, startKnown, endDerived, suspect, droppedSteps, completerTid
    case provider, leader, buffer, bytes, members, done, failed, movedBytes, conditions
    case derived, minEvents, severity, summary, meaning, cure, requests, rings, heldUntil, times
    case opcode

    /// Name as in JSON: `user_data`.
    var name: String {
      "\(self)".reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
  }

  typealias Track = UInt64
  typealias Flow = UInt64

  private(set) var format: WireFormat
  private var lastTrack: Track = 0
  private var lastFlow: Flow = 0
  /// Interning numbers of event names. Names beyond ``mostNames`` are written in full.
  private var names: [String: UInt64] = [:]
  private static let mostNames = 4_096
  /// Id of the only packet sequence.
  private static let sequence: UInt64 = 1

  init(appendingTo bytes: consuming [UInt8]) { format = WireFormat(appendingTo: bytes) }

  /// Exchanges the bytes written so far for other bytes, to which later packets are appended.
  mutating func exchange(_ bytes: inout [UInt8]) { swap(&format.bytes, &bytes) }

  mutating func newFlow() -> Flow {
    lastFlow += 1
    return lastFlow
  }

  // MARK: Packets

  /// Writes the first packet, with the clocks and the interned names that later packets use. Times
  /// are CLOCK_MONOTONIC.
  ///
  /// - Parameter realtime: nanoseconds since 1970 at `time`; 0 if unknown.
  mutating func begin(at time: UInt64, realtime: UInt64) {
    format.field(Schema.Trace.packet) { packet in
      packet.field(Schema.TracePacket.timestamp, time)
      packet.field(Schema.TracePacket.trustedPacketSequenceID, Self.sequence)
      packet.field(
        Schema.TracePacket.sequenceFlags, Schema.TracePacket.incrementalStateCleared)
      packet.field(Schema.TracePacket.tracePacketDefaults) {
        $0.field(Schema.TracePacketDefaults.timestampClockID, Schema.ClockSnapshot.monotonic)
      }
      packet.field(Schema.TracePacket.clockSnapshot) { clocks in
        clocks.clock(Schema.ClockSnapshot.monotonic, time)
        if realtime != 0 { clocks.clock(Schema.ClockSnapshot.realtime, realtime) }
        clocks.field(Schema.ClockSnapshot.primaryTraceClock, Schema.ClockSnapshot.monotonic)
      }
      packet.field(Schema.TracePacket.internedData) { data in
        for category in Category.allCases {
          data.interned(
            Schema.InternedData.eventCategories, category.rawValue, "\(category)")
        }
        for detail in Detail.allCases {
          data.interned(
            Schema.InternedData.debugAnnotationNames, detail.rawValue, detail.name)
        }
      }
    }
  }

  /// Adds a track.
  ///
  /// - Parameters:
  ///   - parent: the parent track; 0 for none.
  ///   - rank: the position among the tracks of the same parent.
  mutating func addTrack(
    _ name: String, in parent: Track, rank: Int, isCounter: Bool = false
  ) -> Track {
    lastTrack += 1
    let track = lastTrack
    format.field(Schema.Trace.packet) { packet in
      packet.field(Schema.TracePacket.trustedPacketSequenceID, Self.sequence)
      packet.field(Schema.TracePacket.trackDescriptor) { descriptor in
        descriptor.field(Schema.TrackDescriptor.uuid, track)
        if parent != 0 { descriptor.field(Schema.TrackDescriptor.parentUUID, parent) }
        descriptor.field(Schema.TrackDescriptor.name, name)
        descriptor.field(
          Schema.TrackDescriptor.childOrdering, Schema.TrackDescriptor.explicitOrder)
        descriptor.field(Schema.TrackDescriptor.siblingOrderRank, UInt64(clamping: rank))
        if isCounter {
          descriptor.field(Schema.TrackDescriptor.counter) {
            $0.field(Schema.CounterDescriptor.unit, Schema.CounterDescriptor.count)
          }
        }
      }
    }
    return track
  }

  mutating func beginSlice(
    _ name: String, on track: Track, at time: UInt64, _ category: Category, flows: [Flow] = [],
    ending: [Flow] = [], _ details: (inout Details) -> Void = { _ in }
  ) {
    event(.sliceBegin, name, on: track, at: time, category, flows, ending, details)
  }

  mutating func endSlice(
    on track: Track, at time: UInt64, flows: [Flow] = [], ending: [Flow] = []
  ) {
    event(.sliceEnd, nil, on: track, at: time, nil, flows, ending) { _ in }
  }

  mutating func instant(
    _ name: String, on track: Track, at time: UInt64, _ category: Category, flows: [Flow] = [],
    ending: [Flow] = [], _ details: (inout Details) -> Void = { _ in }
  ) {
    event(.instant, name, on: track, at: time, category, flows, ending, details)
  }

  mutating func count(_ value: UInt32, on track: Track, at time: UInt64) {
    format.field(Schema.Trace.packet) { packet in
      packet.beginEvent(at: time, Self.sequence)
      packet.field(Schema.TracePacket.trackEvent) { event in
        event.field(Schema.TrackEvent.type, Schema.EventType.counter.rawValue)
        event.field(Schema.TrackEvent.trackUUID, track)
        event.field(Schema.TrackEvent.categoryIIDs, Category.counter.rawValue)
        event.field(Schema.TrackEvent.counterValue, UInt64(value))
      }
    }
  }

  private mutating func event(
    _ type: Schema.EventType, _ name: String?, on track: Track, at time: UInt64,
    _ category: Category?, _ flows: [Flow], _ ending: [Flow], _ details: (inout Details) -> Void
  ) {
    var number = name.flatMap { names[$0] }
    let isNew = name != nil && number == nil && names.count < Self.mostNames
    if isNew, let name {
      number = UInt64(names.count + 1)
      names[name] = number
    }
    format.field(Schema.Trace.packet) { packet in
      packet.beginEvent(at: time, Self.sequence)
      if isNew, let name, let number {
        packet.field(Schema.TracePacket.internedData) {
          $0.interned(Schema.InternedData.eventNames, number, name)
        }
      }
      packet.field(Schema.TracePacket.trackEvent) { event in
        event.field(Schema.TrackEvent.type, type.rawValue)
        event.field(Schema.TrackEvent.trackUUID, track)
        if let number {
          event.field(Schema.TrackEvent.nameIID, number)
        } else if let name {
          event.field(Schema.TrackEvent.name, name)
        }
        if let category { event.field(Schema.TrackEvent.categoryIIDs, category.rawValue) }
        for flow in flows { event.field(Schema.TrackEvent.flowIDs, fixed: flow) }
        for flow in ending { event.field(Schema.TrackEvent.terminatingFlowIDs, fixed: flow) }
        // The swap moves the bytes instead of copying them.
        var writer = Details(format: WireFormat(appendingTo: []))
        swap(&writer.format, &event)
        details(&writer)
        swap(&writer.format, &event)
      }
    }
  }

  /// Appends the details of an event.
  struct Details {
    fileprivate var format: WireFormat

    mutating func add(_ detail: Detail, _ value: some UnsignedInteger) {
      annotate(detail) { $0.field(Schema.DebugAnnotation.uintValue, UInt64(value)) }
    }

    mutating func add(_ detail: Detail, signed value: some SignedInteger) {
      annotate(detail) { $0.field(Schema.DebugAnnotation.intValue, signed: Int64(value)) }
    }

    mutating func add(_ detail: Detail, address: UInt64) {
      annotate(detail) { $0.field(Schema.DebugAnnotation.pointerValue, address) }
    }

    mutating func add(_ detail: Detail, _ text: String) {
      annotate(detail) { $0.field(Schema.DebugAnnotation.stringValue, text) }
    }

    mutating func add(_ detail: Detail, _ value: Bool) {
      annotate(detail) { $0.field(Schema.DebugAnnotation.boolValue, value ? 1 : 0) }
    }

    mutating func add(_ detail: Detail, _ numbers: [UInt64]) {
      annotate(detail) { annotation in
        for number in numbers {
          annotation.field(Schema.DebugAnnotation.arrayValues) {
            $0.field(Schema.DebugAnnotation.uintValue, number)
          }
        }
      }
    }

    private mutating func annotate(_ detail: Detail, _ body: (inout WireFormat) -> Void) {
      format.field(Schema.TrackEvent.debugAnnotations) { annotation in
        annotation.field(Schema.DebugAnnotation.nameIID, detail.rawValue)
        body(&annotation)
      }
    }
  }
}

extension WireFormat {
  fileprivate mutating func clock(_ id: UInt64, _ time: UInt64) {
    field(Schema.ClockSnapshot.clocks) {
      $0.field(Schema.ClockSnapshot.clockID, id)
      $0.field(Schema.ClockSnapshot.timestamp, time)
    }
  }

  fileprivate mutating func interned(_ field: UInt32, _ number: UInt64, _ name: String) {
    self.field(field) {
      $0.field(Schema.InternedData.iid, number)
      $0.field(Schema.InternedData.name, name)
    }
  }

  fileprivate mutating func beginEvent(at time: UInt64, _ sequence: UInt64) {
    field(Schema.TracePacket.timestamp, time)
    field(Schema.TracePacket.trustedPacketSequenceID, sequence)
    field(Schema.TracePacket.sequenceFlags, Schema.TracePacket.needsIncrementalState)
  }
}
