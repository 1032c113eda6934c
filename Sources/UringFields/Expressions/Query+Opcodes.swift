import UringTrace

extension FieldSet<Opcode> {
  /// The only field by which the BPF programs can select requests. All other fields are unknown at
  /// submission, or change later.
  public static let recorded = FieldSet(
    "recorded requests",
    [
      Field(
        "opcode", .text, .tableOnly, aliases: ["op"],
        choices: (UInt8.min...UInt8.max).map { Opcode(rawValue: $0).name },
        meaning: "The operation, without IORING_OP_."
      ) { opcode, _ in .text(opcode.name) }
    ])
}

extension Query<Opcode> {
  /// The opcodes that the expression selects.
  public var opcodes: Set<Opcode> {
    let nothing = Snapshot(
      host: HostDescription(kernel: "", tier: "", startTime: 0, startRealtime: 0), time: 0)
    let all = (UInt8.min..<UInt8.max).map { Opcode(rawValue: $0) }
    return Set(all.filter { matches($0, in: nothing) })
  }
}
