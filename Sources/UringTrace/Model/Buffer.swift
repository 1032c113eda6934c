/// A registered buffer in a ring's table, or a group of provided buffers.
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
  /// The provider that lent the buffer; ``GroupProvider/registered`` for the application's memory.
  public var provider: GroupProvider
  /// User address; 0 for a kernel buffer, or if unknown.
  public var address: UInt64
  /// Bytes; for provided buffers the length of each buffer. 0 if unknown.
  public var length: UInt64
  public var segments: UInt32
  public var direction: GroupBuffer.Direction
  public var isKernel: Bool
  /// Tag given at registration; 0 for none.
  public var tag: UInt64
  /// The kernel function that gives the buffer back; empty if unknown.
  public var release: String
  /// The ``RequestGroup`` that uses the buffer now; 0 if none.
  public var group: RequestGroup.ID
  /// Requests that use the buffer now, oldest first.
  public var borrowers: [Request.ID]
  /// References held by requests when the kernel's counter was last read; nil if it was never read.
  public var references: UInt32?
  /// Rings that share the memory (CLONE_BUFFERS); usually 1, 0 if unknown.
  public var sharers: UInt32
  /// Time of registration in nanoseconds, CLOCK_MONOTONIC; 0 if before uringtop.
  public var registeredTime: UInt64
  /// Time of the last use by a request, in nanoseconds, CLOCK_MONOTONIC; 0 if none used the buffer.
  public var lastUseTime: UInt64
  /// Number of requests that have used the buffer so far.
  public var useCount: UInt64
  /// True if the buffer was taken out of the table but requests still hold it.
  public var isWithdrawn: Bool
  /// Provided buffers: buffers left to choose from; nil if unknown.
  public var buffersLeft: UInt32?
  /// Provided buffers: total number of buffers; 0 if unknown.
  public var bufferCount: UInt32
  /// Number of times that no buffer was left (-ENOBUFS).
  public var exhaustedCount: UInt64
  /// Buffer rings: the entry that the next request gets, if ``buffersLeft`` is known and not 0.
  public var head: ProvidedEntry?
  /// Buffer rings: occasions on which one buffer was in the ring twice.
  public var twice: ProvidedTwice?
}

/// An entry of a buffer ring, as the application wrote it.
public struct ProvidedEntry: Sendable, Hashable {
  public var slot: UInt16
  public var bid: UInt16
  public var address: UInt64
  public var length: UInt32
}

/// A record that one buffer was in two entries of its buffer ring at the same time.
public struct ProvidedTwice: Sendable, Hashable {
  /// Id of the last such buffer.
  public var bid: UInt16
  /// Number of submissions at which a buffer of the group was in the ring twice.
  public var count: UInt64
  /// Time of the last such submission; nanoseconds, CLOCK_MONOTONIC.
  public var time: UInt64
  /// Time of the last but one such submission; 0 if there was none.
  public var earlierTime: UInt64
}
