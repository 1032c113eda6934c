import UringBase
import UringTrace

extension FieldType {
  /// A value for people; empty if absent.
  func text(_ value: FieldValue) -> String {
    switch (self, value) {
    case (.duration, .number(let number)): Figures.alignedDuration(number)
    case (.rate, .decimal(let number)): Figures.number(number)
    case (.bytes, .number(let number)): Figures.exactBytes(number)
    case (.result, .signed(let number)): ErrorNumber.text(ofResult: Int32(clamping: number))
    case (.pollEvents, .number(let number)):
      NamedBits.poll.text(UInt32(truncatingIfNeeded: number), separator: " ")
    default: plainText(value)
    }
  }

  /// A value for programs, without a unit; empty if absent.
  func plainText(_ value: FieldValue) -> String {
    switch value {
    case .none: ""
    case .number(let number): self == .address ? "0x" + String(number, radix: 16) : "\(number)"
    case .signed(let number): "\(number)"
    case .decimal(let number): "\(number)"
    case .text(let text): text
    case .words(let words): words.joined(separator: " ")
    case .numbers(let numbers): numbers.map { "\($0)" }.joined(separator: " ")
    case .flag(let isSet): isSet ? "yes" : "no"
    }
  }
}
