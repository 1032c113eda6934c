/// Steps of a request, in order of time, stored inline without allocated memory.
public struct StepList: Sendable, BitwiseCopyable {
  private var first: InlineArray<2, Step>
  private var later: InlineArray<8, Step>
  private let size: UInt8

  /// - Parameter total: number of steps, including those that did not fit.
  init(first: InlineArray<2, Step>, later: InlineArray<8, Step>, total: UInt32) {
    self.first = first
    self.later = later
    size = UInt8(Swift.min(total, UInt32(Self.capacity)))
  }

  /// Maximum number of steps. Further steps replace the last one.
  public static var capacity: Int { firstCount + laterCount }
  static var firstCount: Int { 2 }
  static var laterCount: Int { 8 }

  /// Index of the next step in the second part of the list, ``later``.
  ///
  /// - Parameter count: number of steps before the next one, at least ``firstCount``.
  static func laterIndex(of count: UInt32) -> Int {
    Swift.min(Int(count) - firstCount, laterCount - 1)
  }

  static var noStep: Step { Step(time: 0, tid: 0, kind: .submitted) }
}

extension StepList: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { Int(size) }

  public subscript(position: Int) -> Step {
    precondition(position < endIndex)
    return position < Self.firstCount ? first[position] : later[position - Self.firstCount]
  }
}
