/// Requests joined by IOSQE_IO_LINK or IOSQE_IO_HARDLINK, in order.
public struct Chain: Sendable {
  /// Number in order of first appearance, from 1.
  public typealias ID = UInt64

  public var id: ID
  public var ring: Ring.ID
  /// Members, head first. They include ended members.
  public var members: [Member]
  /// The request that broke the chain; 0 if none did.
  public var brokenBy: Request.ID

  public struct Member: Hashable, Sendable {
    public var request: Request.ID
    public var opcode: Opcode
    public var userData: UInt64
    public var isUserDataKnown = true
    public var state: Request.State
    /// Result of the last CQE; nil before the first CQE.
    public var result: Int32?
    /// True if the member was cancelled because the chain broke.
    public var isCancelled: Bool
  }
}
