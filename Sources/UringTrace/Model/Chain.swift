/// Requests joined by IOSQE_IO_LINK or IOSQE_IO_HARDLINK, in order.
public struct Chain: Sendable {
  /// Number in order of first sight, from 1.
  public typealias ID = UInt64

  public var id: ID
  public var ring: Ring.ID
  /// Head first. Ended members stay as long as the chain is known.
  public var members: [Member]
  /// The request that broke the chain, 0 if none did.
  public var brokenBy: Request.ID

  public struct Member: Hashable, Sendable {
    public var request: Request.ID
    public var opcode: Opcode
    public var userData: UInt64
    public var isUserDataKnown = true
    public var state: Request.State
    /// Of the last CQE, nil while there is none.
    public var result: Int32?
    /// Cancelled because the chain broke.
    public var isCancelled: Bool
  }
}
