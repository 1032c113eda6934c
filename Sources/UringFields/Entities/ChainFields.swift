import UringRecordings
import UringTrace

extension FieldSet<Chain> {
  /// The fields of link chains.
  public static let chains = FieldSet(
    "chains",
    [
      Field(
        "id", title: "CHAIN", .number,
        meaning: "Id that uringtop gives the chain of linked requests."
      ) { chain, _ in
        .number(chain.id)
      },
      Field("ring", .number, meaning: "Id of the chain's ring.") { chain, _ in
        .integer(chain.ring)
      },
      Field(
        "broken_by", .number, .nullable,
        meaning: "Id of the request that broke the chain; null if the chain is whole."
      ) {
        chain, _ in .unlessZero(chain.brokenBy)
      },
      Field("requests", .numbers, .tableOnly, meaning: "Ids of the chain's requests, head first.") {
        chain, _ in
        .numbers(chain.members.map(\.request))
      },
    ],
    parts: [
      .list(
        "members", FieldSet<Chain.Member>.chainMembers, meaning: "The chain's requests, head first."
      ) {
        chain, _ in chain.members
      }
    ])
}

extension FieldSet<Chain.Member> {
  fileprivate static let chainMembers = FieldSet(
    "chain members",
    [
      Field("request", .number, meaning: "Id of the request.") { member, _ in
        .number(member.request)
      },
      Field("opcode", .text, meaning: "The request's opcode.") { member, _ in
        .text(member.opcode.name)
      },
      Field("user_data", .address, .nullable, meaning: "The request's user_data.") { member, _ in
        member.isUserDataKnown ? .number(member.userData) : .none
      },
      Field(
        "state", .text, choices: Request.State.allCases.map(\.name), meaning: "The request's state."
      ) { member, _ in .text(member.state.name) },
      Field("result", .result, .nullable, meaning: "The request's result.") { member, _ in
        .integer(member.result)
      },
      .errno { $0.result },
      Field(
        "cancelled", .flag,
        meaning: "True if the request was cancelled because the chain broke."
      ) {
        member, _ in .flag(member.isCancelled)
      },
    ])
}
