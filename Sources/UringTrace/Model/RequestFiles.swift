/// The known files of a request.
struct RequestFiles: Equatable, Sendable, BitwiseCopyable {
  private var identity = FileIdentity()
  private(set) var known: KnownFiles = []

  /// The file that the kernel assigned to the request.
  var file: FileIdentity? { known.contains(.file) ? identity : nil }

  mutating func set(_ file: FileIdentity, isOfSubmission: Bool = false) {
    identity = file
    known.insert(.file)
    known.remove(.ofSubmission)
    if isOfSubmission { known.insert(.ofSubmission) }
  }

  mutating func noteInput(isDerived: Bool) {
    known.insert(.input)
    known.remove(.derivedInput)
    if isDerived { known.insert(.derivedInput) }
  }

  /// Discards the file that was in the request's registered slot at the submission. A request that
  /// waits behind another one looks up its registered file only when it is issued, and the slot may
  /// have changed by then.
  mutating func forgetFileOfSubmission() {
    if known.contains(.ofSubmission) { known.subtract([.file, .ofSubmission]) }
  }
}

/// The set of a request's files that are known, and the source of this knowledge.
struct KnownFiles: OptionSet, Sendable, BitwiseCopyable {
  var rawValue: UInt8

  static let file = KnownFiles(rawValue: 1)
  static let input = KnownFiles(rawValue: 2)
  /// The input file was derived from the SQE's descriptor, not observed
  /// (``Request/isInputDerived``).
  static let derivedInput = KnownFiles(rawValue: 4)
  /// The file is the one that the ring had in the request's slot at the submission.
  static let ofSubmission = KnownFiles(rawValue: 8)
}
