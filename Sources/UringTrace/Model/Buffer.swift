/// A buffer of a ring's table, or a group of provided buffers.
///
/// Plain data with a property for each fact that views and documents show.
public struct Buffer: Sendable {
  public enum Kind: UInt8, Sendable, CaseIterable {
    /// In the ring's table of registered buffers; ``index`` is its slot.
    case registered
    /// A buffer ring (IORING_REGISTER_PBUF_RING); ``index`` is the bgid.
    case providedRing
    /// Provided one by one (PROVIDE_BUFFERS); ``index`` is the bgid.
    case providedLegacy
  }

  public var ring: Ring.ID
  public var kind: Kind
  public var index: UInt32
  /// Who lent it; ``GroupProvider/registered`` for the application's memory.
  public var provider: GroupProvider
  /// User address; 0 for a kernel buffer, or where not known.
  public var address: UInt64
  /// Bytes; of provided buffers the length of each. 0 where not known.
  public var length: UInt64
  public var segments: UInt32
  public var direction: GroupBuffer.Direction
  public var isKernel: Bool
  /// Registered with this tag, 0 for none.
  public var tag: UInt64
  /// The kernel function that gives it back; empty where not known.
  public var release: String
  /// The group of which it is the buffer now, 0 if none.
  public var group: RequestGroup.ID
  /// Requests that use it now, oldest first.
  public var borrowers: [Request.ID]
  /// References held by requests when the kernel's counter was read last; nil where it was not.
  public var references: UInt32?
  /// Rings that share the memory (CLONE_BUFFERS); 1 as a rule, 0 where not known.
  public var sharers: UInt32
  /// When it was registered, nanoseconds, CLOCK_MONOTONIC; 0 if before uringtop.
  public var registeredTime: UInt64
  /// When a request last used it, 0 if none did.
  public var lastUseTime: UInt64
  /// Requests that used it, ever.
  public var useCount: UInt64
  /// Taken out of the table and still held by requests.
  public var isWithdrawn: Bool
  /// Provided buffers: how many are left to choose from, nil where not known.
  public var buffersLeft: UInt32?
  /// Provided buffers: how many there are, 0 where not known.
  public var bufferCount: UInt32
  /// Times that none was left (-ENOBUFS).
  public var exhaustedCount: UInt64
  /// Buffer rings: the entry that the next request gets, if ``buffersLeft`` is known and not 0.
  public var head: ProvidedEntry?
  /// Buffer rings that held one buffer twice.
  public var twice: ProvidedTwice?
}

/// An entry of a buffer ring, as the application wrote it.
public struct ProvidedEntry: Sendable, Hashable {
  public var slot: UInt16
  public var bid: UInt16
  public var address: UInt64
  public var length: UInt32
}

/// A buffer was in its group's ring at two places at one time.
public struct ProvidedTwice: Sendable, Hashable {
  /// The last such buffer.
  public var bid: UInt16
  /// Submissions at which that was so, of any buffer of the group.
  public var count: UInt64
  /// The last of them; nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
  /// The one before, 0 if there was none.
  public var earlierTime: UInt64
}
