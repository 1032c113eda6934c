extension Request {
  /// What only some requests have.
  public struct Extra: Sendable, BitwiseCopyable {
    /// The steps that follow ``Core/firstSteps``.
    var laterSteps = InlineArray<7, Step>(repeating: StepList.noStep)
    /// The input of SPLICE or TEE; valid if ``Core/knownFiles`` contains ``KnownFiles/input``.
    var input = FileIdentity()
    /// Bytes the kernel wrote at a short write, meaningful with a ``Step/Kind/shortWrite`` step.
    public var shortWriteBytes: UInt64 = 0
    /// When a timeout fires, nanoseconds, CLOCK_MONOTONIC; 0 if unknown. Meaningful in ``Core/place``.
    public var expiryTime: UInt64 = 0
    /// The worker thread that executes the request while ``Core/place`` is ``Place/workerRunning``.
    public var workerTid: UInt32 = 0

    package init() {}
  }
}
