import UringTrace

extension Buffer {
  /// The identity of a row in the buffers pane. A slot whose buffer was withdrawn while it was
  /// borrowed has two rows.
  struct Key: Hashable, Sendable {
    var ring: Ring.ID
    var kind: Kind
    var index: UInt32
    /// The group of a withdrawn buffer, which distinguishes it from other buffers of its slot;
    /// otherwise 0.
    var withdrawnGroup: RequestGroup.ID

    /// The id of the row in tables.
    var id: UInt64 {
      UInt64(index) | UInt64(ring) << 32 ^ UInt64(kind.rawValue) << 56 ^ withdrawnGroup << 40
        | (withdrawnGroup == 0 ? 0 : 1 << 63)
    }
  }

  var key: Key {
    Key(ring: ring, kind: kind, index: index, withdrawnGroup: isWithdrawn ? max(1, group) : 0)
  }
}
