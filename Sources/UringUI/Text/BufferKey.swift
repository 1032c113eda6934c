import UringTrace

extension Buffer {
  /// Identifies a row of the buffers pane: a slot whose buffer was withdrawn while borrowed has two rows.
  struct Key: Hashable, Sendable {
    var ring: Ring.ID
    var kind: Kind
    var index: UInt32
    /// Distinguishes a withdrawn buffer from others of its slot; else 0.
    var withdrawnGroup: RequestGroup.ID

    /// Row ID for tables.
    var id: UInt64 {
      UInt64(index) | UInt64(ring) << 32 ^ UInt64(kind.rawValue) << 56 ^ withdrawnGroup << 40
        | (withdrawnGroup == 0 ? 0 : 1 << 63)
    }
  }

  var key: Key {
    Key(ring: ring, kind: kind, index: index, withdrawnGroup: isWithdrawn ? max(1, group) : 0)
  }
}
