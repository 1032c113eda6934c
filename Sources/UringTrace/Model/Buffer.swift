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
  /// The kernel function that gives the buffer back to its owner; empty if unknown.
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
  /// Provided buffers: number of buffers that a request can still take; nil if unknown.
  public var buffersLeft: UInt32?
  /// Provided buffers: total number of buffers; 0 if unknown.
  public var bufferCount: UInt32
  /// Provided buffers: number of CQEs with -ENOBUFS, because no buffer was left.
  public var exhaustedCount: UInt64
  /// Buffer rings: the entry that the next request gets, if ``buffersLeft`` is known and not 0.
  public var head: ProvidedEntry?
  /// Buffer rings: the submissions at which two entries of the ring contained the same buffer; nil
  /// if there was none.
  public var twice: ProvidedTwice?
}

/// An entry of a buffer ring, as the application wrote it.
public struct ProvidedEntry: Sendable, Hashable {
  public var slot: UInt16
  public var bid: UInt16
  public var address: UInt64
  public var length: UInt32
}

/// Submissions at which two entries of a buffer ring contained the same buffer.
public struct ProvidedTwice: Sendable, Hashable {
  /// Id of the buffer that was last found in two entries.
  public var bid: UInt16
  /// Number of submissions at which a buffer of the group was found in two entries.
  public var count: UInt64
  /// Time of the last submission at which a buffer was found in two entries; nanoseconds,
  /// CLOCK_MONOTONIC.
  public var time: UInt64
  /// Time of the last but one submission at which a buffer was found in two entries; 0 if there was
  /// only one.
  public var earlierTime: UInt64
}
