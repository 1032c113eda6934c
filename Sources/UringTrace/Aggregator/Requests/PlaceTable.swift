/// Where the last walks saw requests.
///
/// Kept beside the requests: a walk sees all of them, but should not make the aggregator copy the pages that it shares
/// with a snapshot.
struct PlaceTable: Sendable {
  /// The time of the look and, in the lowest bits, the place; by slot.
  private var entries: [UInt64] = []
  /// Time of the newest look.
  private(set) var lastLook: UInt64 = 0

  private static var placeBits: UInt64 { 0xf }

  /// The place of the request in a slot; unknown if an event about the request is newer than the look.
  subscript(_ slot: Handle<RequestSlot>, lastEvent time: UInt64) -> Place {
    guard slot.index < entries.count else { return .unknown }
    let entry = entries[Int(slot.index)]
    guard entry | Self.placeBits >= time else { return .unknown }
    return Place(rawValue: UInt8(entry & Self.placeBits)) ?? .unknown
  }

  mutating func set(_ place: Place, of slot: Handle<RequestSlot>, at time: UInt64) {
    lastLook = max(lastLook, time | Self.placeBits)
    if slot.index >= entries.count {
      let room = max(Int(slot.index) + 1, entries.count * 2)
      entries.append(contentsOf: repeatElement(0, count: room - entries.count))
    }
    entries[Int(slot.index)] = time & ~Self.placeBits | UInt64(place.rawValue)
  }

  mutating func forget(_ slot: Handle<RequestSlot>) {
    if slot.index < entries.count { entries[Int(slot.index)] = 0 }
  }
}
