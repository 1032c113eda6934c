import CRecord

extension RecordKind {
  /// All kinds of schema 1, in order of their numbers.
  public static let all: [RecordKind] = RecordLayout.known.keys.sorted {
    $0.rawValue < $1.rawValue
  }

  /// Bytes that a record of this kind has at least, 0 for a kind that schema 1 does not have.
  ///
  /// A file name's text follows its record.
  var minimumSize: Int { Int(Self.minimumSizes[Int(rawValue)]) }

  private static let minimumSizes: [UInt16] = {
    var sizes = [UInt16](repeating: 0, count: 256)
    for (kind, layout) in RecordLayout.known {
      sizes[Int(kind.rawValue)] = UInt16(layout.minimumSize)
    }
    return sizes
  }()

  /// Whether something happened to a ring or request: what a replay steps by. The other kinds only
  /// name things or count losses.
  public var isEvent: Bool {
    switch self {
    case .ringFd, .taskName, .fileName, .lost, .flagName, .counts, .end, .registerArgument,
      .blockRequest, .groupBuffer, .localBuffer, .symbol, .providedTail, .bufferSlot, .ringDepth,
      .ringBalance, .parked, .unsubmitted, .unreaped, .kernelStack, .fileState, .diskRequest,
      .submitStack, .userStack, .registeredFile, .providedGroup:
      false
    default: true
    }
  }
}
