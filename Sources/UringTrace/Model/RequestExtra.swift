extension Request {
  /// Facts that only some requests have. The aggregator keeps them apart from ``Core``.
  public struct Extra: Sendable, BitwiseCopyable {
    /// The steps after ``Core/firstSteps``.
    var laterSteps = InlineArray<8, Step>(repeating: StepList.noStep)
    /// The input of SPLICE or TEE; valid if ``RequestFiles/known`` contains ``KnownFiles/input``.
    var input = FileIdentity()
    /// The request's chain; 0 if none.
    public var chain: Chain.ID = 0
    /// Time at which the previous request of the chain ended; 0 if it has not.
    var releasedTime: UInt64 = 0
    /// Negative errno of a preparation failure, else 0.
    public var preparationError: Int32 = 0
    /// Bytes that the kernel wrote in a short write. Meaningful if there is a
    /// ``Step/Kind/shortWrite`` step.
    public var shortWriteBytes: UInt64 = 0

    package init() {}

    /// Resets the facts for a new request. Leaves steps and input unchanged: ``Core/stepCount`` and
    /// ``RequestFiles/known`` show whether they are valid.
    mutating func begin() {
      chain = 0
      releasedTime = 0
      preparationError = 0
      shortWriteBytes = 0
    }
  }
}
