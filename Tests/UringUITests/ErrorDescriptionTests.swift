import Testing

@testable import UringSources
@testable import UringTrace
@testable import UringUI

/// Tests of the notice about an error that a search in a recording has found.
@Suite struct ErrorDescriptionTests: InterfaceSuite {
  private static let canceled: Int32 = -125

  private func description(
    _ event: Event, recent: [Request], chains: [Chain] = []
  ) -> String {
    Scene(Make.snapshot(rings: [Make.ring(1)], recent: recent, chains: chains))
      .description(ofError: event)
  }

  private func ended(
    _ id: Request.ID, opcode: UInt8 = 22, result: Int32, userData: UInt64, chain: Chain.ID = 0,
    from: Double = 1, to: Double = 2
  ) -> Request {
    Make.request(
      id, opcode: opcode, state: .completed, startedAt: from, userData: userData,
      steps: [(.completed, to)], result: result, chain: chain)
  }

  /// A chain of requests 10 and 11, which request 10 broke.
  private var broken: Chain {
    let members: [Chain.Member] = [(10, 23, -5, false), (11, 22, Self.canceled, true)].map {
      .init(
        request: $0.0, opcode: Opcode(rawValue: $0.1), userData: 1, state: .completed,
        result: $0.2, isCancelled: $0.3)
    }
    return Chain(id: 7, ring: 1, members: members, brokenBy: 10)
  }

  @Test func theRequestAndItsFileComeFirst() {
    let text = description(
      Make.event(.complete, at: 2, request: 10, value: -5),
      recent: [ended(10, result: -5, userData: 1)])
    #expect(text == "request 10 (READ of fd 7): -EIO")
  }

  @Test func aCancelledMemberOfAChainNamesTheRequestThatBrokeIt() {
    let text = description(
      Make.event(.complete, at: 2, request: 11, value: Int64(Self.canceled)),
      recent: [
        ended(11, result: Self.canceled, userData: 2, chain: 7),
        ended(10, opcode: 23, result: -5, userData: 1, chain: 7),
      ], chains: [broken])
    #expect(
      text
        == "request 11 (READ of fd 7): -ECANCELED, because request 10 (WRITE, -EIO) broke its chain"
    )
  }

  @Test func aCancelledRequestNamesItsCanceller() {
    var cancel = ended(12, opcode: 14, result: 0, userData: 3, from: 1.5, to: 2)
    cancel.sqe.addr = 0xbeef
    cancel.sqe.len = 0
    let text = description(
      Make.event(.complete, at: 2, request: 11, value: Int64(Self.canceled)),
      recent: [cancel, ended(11, result: Self.canceled, userData: 0xbeef)])
    #expect(
      text == "request 11 (READ of fd 7): -ECANCELED, cancelled by request 12 (ASYNC_CANCEL)")
  }

  @Test func withoutAKnownCauseNoneIsNamed() {
    let text = description(
      Make.event(.complete, at: 2, request: 11, value: Int64(Self.canceled)),
      recent: [ended(11, result: Self.canceled, userData: 0xbeef)])
    #expect(text == "request 11 (READ of fd 7): -ECANCELED")
  }

  @Test func aBrokenChainNamesBothRequests() {
    let text = description(
      Make.event(.failLink, at: 2, request: 10, opcode: 23, value: 11),
      recent: [ended(10, opcode: 23, result: -5, userData: 1)])
    #expect(
      text == "request 10 (WRITE of fd 7) broke its chain: the kernel cancels request 11 behind it")
  }
}
