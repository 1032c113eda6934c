import Testing
import UringBase

@testable import UblkTarget

@Suite struct ConfigurationTests {
  @Test func standardIsValid() throws {
    try Configuration().validate()
  }

  @Test func lentBuffersAreDividedWhereTheKernelCan() {
    #expect(KernelRelease("6.17.13+deb13-cloud-amd64") == KernelRelease(6, 17))
    #expect(KernelRelease("nonsense") == nil)
    #expect(KernelRelease(6, 19) < KernelRelease(7, 2))
    for transfer in [Transfer.zeroCopy, .automatic] {
      #expect(!transfer.dividesData(on: KernelRelease("6.18.44")))
      #expect(transfer.dividesData(on: KernelRelease("7.2.13-x")))
      #expect(!transfer.dividesData(on: nil))
    }
    #expect(Transfer.userCopy.dividesData(on: KernelRelease("6.12.1")))
  }

  /// Contradictory options, and a word of the error message for each.
  static let refused: [(@Sendable (inout Configuration) -> Void, String)] = [
    ({ $0.queues = 0 }, "queues"),
    ({ $0.depth = 5000 }, "depth"),
    ({ $0.blockSize = 1000 }, "block size"),
    ({ $0.blockSize = 8192 }, "block size"),
    ({ $0.size = 4096 }, "size"),
    ({ $0.size = (64 << 20) + 512 }, "multiple of the block size"),
    ({ $0.largestIO = 2 << 20 }, "largest I/O"),
    ({ $0.memberSize = 1000 }, "member size"),
    ({ $0.load?.depth = 0 }, "load"),
    (
      { $0.injections = [Injection(.noAck, percent: 60), Injection(.slowMember, percent: 60)] },
      "exceed"
    ),
    (
      {
        $0.injections = [Injection(.slowMember)]
        $0.backing = .null
      }, "null"
    ),
    (
      {
        $0.injections = [Injection(.wrongDirection)]
        $0.transfer = .copy
      }, "no buffer is lent"
    ),
  ]

  @Test(arguments: refused.indices)
  func refusals(index: Int) {
    var configuration = Configuration()
    Self.refused[index].0(&configuration)
    let error = #expect(throws: TargetError.self) { try configuration.validate() }
    #expect(error?.kind == .invalid)
    #expect(error?.description.contains(Self.refused[index].1) == true)
    #expect(error?.description.contains("\n") == false)
  }

  @Test func bestTransfer() {
    #expect(Transfer.best(on: []) == .copy)
    #expect(Transfer.best(on: [.userCopy]) == .userCopy)
    #expect(Transfer.best(on: [.userCopy, .zeroCopy]) == .zeroCopy)
    #expect(Transfer.best(on: [.userCopy, .zeroCopy, .automaticBuffers]) == .automatic)
  }
}
