extension Request {
  /// Facts that only some requests have. The aggregator keeps them apart from ``Core``.
  public struct Extra: Sendable, BitwiseCopyable {
    /// The steps that follow ``Core/firstSteps``.
    var laterSteps = InlineArray<8, Step>(repeating: StepList.noStep)
    /// The input of SPLICE or TEE; valid if ``RequestFiles/known`` contains ``KnownFiles/input``.
    var input = FileIdentity()
    /// The request's chain; 0 if none.
    public var chain: Chain.ID = 0
    /// When the previous request of the chain ended; 0 if it has not.
    var releasedTime: UInt64 = 0
    /// Negative errno of a preparation failure, else 0.
    public var preparationError: Int32 = 0
    /// Bytes the kernel wrote at a short write, meaningful with a ``Step/Kind/shortWrite`` step.
    public var shortWriteBytes: UInt64 = 0

    package init() {}

    /// Resets the facts, except steps and the input: whether there are any is known elsewhere.
    mutating func begin() {
      chain = 0
      releasedTime = 0
      preparationError = 0
      shortWriteBytes = 0
    }
  }
}
