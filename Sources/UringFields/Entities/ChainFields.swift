import UringRecordings
import UringTrace

extension FieldSet<Chain> {
  /// The fields of link chains.
  public static let chains = FieldSet(
    "chains",
    [
      Field("id", title: "CHAIN", .number, meaning: "Id of the chain.") { chain, _ in
        .number(chain.id)
      },
      Field("ring", .number, meaning: "Id of its ring.") { chain, _ in
        .integer(chain.ring)
      },
      Field(
        "broken_by", .number, .nullable, meaning: "The request that broke it; null if it is whole."
      ) {
        chain, _ in .unlessZero(chain.brokenBy)
      },
      Field("requests", .numbers, .tableOnly, meaning: "Its requests, head first.") { chain, _ in
        .numbers(chain.members.map(\.request))
      },
    ],
    parts: [
      .list("members", FieldSet<Chain.Member>.chainMembers, meaning: "Its requests, head first.") {
        chain, _ in chain.members
      }
    ])
}

extension FieldSet<Chain.Member> {
  fileprivate static let chainMembers = FieldSet(
    "chain members",
    [
      Field("request", .number, meaning: "The request.") { member, _ in .number(member.request) },
      Field("opcode", .text, meaning: "Its opcode.") { member, _ in .text(member.opcode.name) },
      Field("user_data", .address, .nullable, meaning: "Its user_data.") { member, _ in
        member.isUserDataKnown ? .number(member.userData) : .none
      },
      Field(
        "state", .text, choices: Request.State.allCases.map(\.name), meaning: "Its state."
      ) { member, _ in .text(member.state.name) },
      Field("result", .result, .nullable, meaning: "Its result.") { member, _ in
        .integer(member.result)
      },
      .errno { $0.result },
      Field("cancelled", .flag, meaning: "True if it was cancelled because the chain broke.") {
        member, _ in .flag(member.isCancelled)
      },
    ])
}
