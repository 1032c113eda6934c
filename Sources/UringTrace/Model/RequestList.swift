/// Requests of a snapshot.
///
/// Shares the aggregator's memory and makes a ``Request`` only when one is accessed, because a
/// snapshot can have a million requests. A change other than ``filter(_:)`` turns the list into an
/// array.
public struct RequestList: Sendable {
  private enum Storage: Sendable {
    case array([Request])
    case inFlight(SharedRequests, [Handle<RequestSlot>], lossTime: UInt64)
    case ended(SharedRequests, [PastRequest])
  }

  private var storage: Storage

  public init() { storage = .array([]) }

  public init(_ requests: [Request]) { storage = .array(requests) }

  /// Requests in flight.
  ///
  /// - Parameter lossTime: time of the last loss of records. Requests without a later event may
  ///   have ended; see ``Request/isSuspect``.
  init(_ requests: SharedRequests, _ slots: [Handle<RequestSlot>], lossTime: UInt64) {
    storage = .inFlight(requests, slots, lossTime: lossTime)
  }

  /// Ended requests.
  init(_ requests: SharedRequests, ended: [PastRequest]) {
    storage = .ended(requests, ended)
  }
}

extension RequestList: RandomAccessCollection, MutableCollection {
  public var startIndex: Int { 0 }

  public var endIndex: Int {
    switch storage {
    case .array(let requests): requests.count
    case .inFlight(_, let slots, _): slots.count
    case .ended(_, let entries): entries.count
    }
  }

  public subscript(_ position: Int) -> Request {
    get {
      switch storage {
      case .array(let requests): return requests[position]
      case .inFlight(let requests, let slots, let lossTime):
        var request = requests[slots[position]]
        request.isSuspect = request.lastTime <= lossTime
        return request
      case .ended(let requests, let entries):
        let slot = entries[position].slot
        return slot == .none ? entries[position].request : requests[slot]
      }
    }
    set { changeArray { $0[position] = newValue } }
  }

  private mutating func changeArray(_ body: (inout [Request]) -> Void) {
    var requests: [Request]
    if case .array(let present) = storage { requests = present } else { requests = Array(self) }
    storage = .array([])
    body(&requests)
    storage = .array(requests)
  }
}

extension RequestList: RangeReplaceableCollection, ExpressibleByArrayLiteral {
  public init(arrayLiteral requests: Request...) { self.init(requests) }

  public mutating func replaceSubrange(
    _ range: Range<Int>, with requests: some Collection<Request>
  ) {
    changeArray { $0.replaceSubrange(range, with: requests) }
  }

  public func filter(_ isIncluded: (Request) throws -> Bool) rethrows -> RequestList {
    self[positions: try indices.filter { try isIncluded(self[$0]) }]
  }

  public mutating func removeAll(where isRemoved: (Request) throws -> Bool) rethrows {
    self = try filter { try !isRemoved($0) }
  }
}

// These members read single facts, or share the storage, without turning the list into an array.
extension RequestList {
  /// The requests at these positions.
  package subscript(positions positions: [Int]) -> RequestList {
    if positions.count == count, positions.elementsEqual(indices) { return self }
    return switch storage {
    case .array(let requests): RequestList(positions.map { requests[$0] })
    case .inFlight(let requests, let slots, let lossTime):
      RequestList(requests, positions.map { slots[$0] }, lossTime: lossTime)
    case .ended(let requests, let entries):
      RequestList(requests, ended: positions.map { entries[$0] })
    }
  }

  /// The requests grouped by a key. Requests without a key are left out. The keys are in the order
  /// of their first requests.
  package func grouped<Key: Hashable>(
    by key: (Request) -> Key?
  ) -> [(key: Key, requests: RequestList)] {
    var order: [Key] = []
    var positions: [Key: [Int]] = [:]
    for position in indices {
      guard let key = key(self[position]) else { continue }
      if positions[key] == nil { order.append(key) }
      positions[key, default: []].append(position)
    }
    return order.map { ($0, self[positions: positions[$0] ?? []]) }
  }

  /// The ring of the request at a position.
  package func ring(at position: Int) -> Ring.ID {
    fact(at: position, { $0.ring }, ofPast: { $0.ringID })
  }

  /// The ID of the request at a position.
  package func id(at position: Int) -> Request.ID {
    fact(at: position, { $0.id }, ofPast: { $0.id })
  }

  /// ``Request/startTime`` and ``Request/lastTime`` of the request at a position.
  package func times(at position: Int) -> (start: UInt64, last: UInt64) {
    fact(at: position, { ($0.startTime, $0.lastTime) }, ofPast: { ($0.startTime, $0.lastTime) })
  }

  @inline(__always)
  private func fact<Fact>(
    at position: Int, _ ofRequest: (borrowing Request.Core) -> Fact,
    ofPast: (borrowing PastRequest) -> Fact
  ) -> Fact {
    switch storage {
    case .array(let requests): return ofRequest(requests[position].core)
    case .inFlight(let requests, let slots, _): return ofRequest(requests.core(of: slots[position]))
    case .ended(let requests, let entries):
      let slot = entries[position].slot
      return slot == .none ? ofPast(entries[position]) : ofRequest(requests.core(of: slot))
    }
  }

  /// The request with an ID.
  package subscript(id id: Request.ID) -> Request? {
    indices.first { self.id(at: $0) == id }.map { self[$0] }
  }
}
