import UringBase
import UringTrace

extension FieldSet<ChainBreaks> {
  static let chainBreaks = FieldSet(
    "chain_breaks",
    [
      Field("opcode", .text, meaning: "Opcode of the request that broke the chain.") {
        breaks, _ in .text(breaks.kind.opcode.name)
      },
      Field(
        "errno", .text, .nullable,
        meaning: "Name of its errno; null if it moved fewer bytes than requested."
      ) { breaks, _ in
        breaks.kind.errno == 0 ? .none : .text(ErrorNumber(rawValue: breaks.kind.errno).name)
      },
      Field("chains", .number, meaning: "Chains that broke in this way.") { breaks, _ in
        .number(breaks.chains)
      },
      Field(
        "cancelled", .number,
        meaning: "Requests that were cancelled behind them, without link timeouts."
      ) { breaks, _ in .number(breaks.cancelled) },
    ])
}
