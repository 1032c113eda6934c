/// Chains of one ring that broke in the same way: a request with this opcode failed with this
/// errno.
public struct ChainBreaks: Hashable, Sendable {
  public struct Kind: Hashable, Sendable {
    /// Opcode of the request that broke the chain.
    public var opcode: Opcode
    /// Positive errno of the request that broke the chain; 0 if it moved fewer bytes than
    /// requested.
    public var errno: Int32
  }

  public var kind: Kind
  /// Number of chains that broke in this way.
  public var chains: UInt64
  /// Number of requests that were cancelled because these chains broke. Link timeouts are not
  /// counted.
  public var cancelled: UInt64

  package init(kind: Kind, chains: UInt64, cancelled: UInt64) {
    (self.kind, self.chains, self.cancelled) = (kind, chains, cancelled)
  }
}

extension Chain {
  /// The member that broke the chain; nil if the chain is whole, or while that member has no
  /// result.
  package var cause: Member? {
    guard brokenBy != 0 else { return nil }
    return members.first { $0.request == brokenBy && $0.result != nil }
  }

  /// The requests that were cancelled because the chain broke. The LINK_TIMEOUT of a failed request
  /// is always cancelled with it; that is no loss.
  package var cancelled: [Request.ID] {
    members.filter { $0.isCancelled && $0.opcode != .linkTimeout }.map(\.request)
  }

  /// The way in which the chain broke; nil if it is whole, or if no request was cancelled.
  package var breakKind: ChainBreaks.Kind? {
    guard let cause, let result = cause.result, !cancelled.isEmpty else { return nil }
    return ChainBreaks.Kind(opcode: cause.opcode, errno: result < 0 ? 0 &- result : 0)
  }
}

extension [ChainBreaks] {
  /// Maximum number of kinds of break that are counted. Breaks of further kinds are ignored.
  static var mostKinds: Int { 64 }

  /// Counts a broken chain; ignores a chain that did not break.
  mutating func count(_ chain: Chain) {
    guard let kind = chain.breakKind else { return }
    let cancelled = UInt64(chain.cancelled.count)
    if let index = firstIndex(where: { $0.kind == kind }) {
      self[index].chains &+= 1
      self[index].cancelled &+= cancelled
    } else if count < Self.mostKinds {
      append(ChainBreaks(kind: kind, chains: 1, cancelled: cancelled))
    }
  }
}
