import CRecord
import UringRecords

/// Records of one lane (per-CPU queue of the transport, probe.h), consecutive in memory and in
/// order of time.
struct RecordRun {
  var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The kinds of the records in `bytes`. A caller that wants certain kinds can skip most runs.
  var kinds = Kinds()

  struct Kinds {
    private var first: UInt64 = 0
    private var second: UInt64 = 0

    @inline(__always)
    mutating func insert(_ kind: RecordKind) {
      let bit = UInt64(1) &<< UInt64(kind.rawValue)
      if kind.rawValue < 64 { first |= bit } else { second |= bit }
    }

    func contains(_ kind: RecordKind) -> Bool {
      (kind.rawValue < 64 ? first : second) & UInt64(1) &<< UInt64(kind.rawValue) != 0
    }
  }
}
