import TestSupport
import Testing
import UringTrace

/// Tests of chains: links, hard links, link timeouts, and chains that break in preparation.
@Suite struct ChainCaseTests {
  @Test(arguments: Fixtures.of("links"))
  func chainThatSucceedsIsWholeAndInOrder(_ fixture: Observation) throws {
    let links = try ObservedProgram(fixture)
    let chain = try links.chain(of: links[0])
    #expect(chain.members.map(\.request) == [links[0].id, links[1].id, links[2].id])
    #expect(chain.brokenBy == 0)
    #expect(links.cancelled(chain).isEmpty)
  }

  @Test(arguments: Fixtures.of("links"))
  func linkBrokenByAShortReadNamesTheReadAndItsTwoCancelledFollowers(
    _ fixture: Observation
  ) throws {
    let links = try ObservedProgram(fixture)
    let read = links[3]
    #expect(read.result == 100 && read.sqe.len == 4096)
    let chain = try links.chain(of: read)
    #expect(chain.brokenBy == read.id)
    #expect(links.cancelled(chain) == [4, 5])
    #expect(read.has(.linkFailed))
    #expect(links[4].has(.linkCancelled) && links[5].has(.linkCancelled))
  }

  @Test(arguments: Fixtures.of("links"))
  func linkBrokenInItsMiddleSparesWhatCameBefore(_ fixture: Observation) throws {
    let links = try ObservedProgram(fixture)
    let chain = try links.chain(of: links[6])
    #expect(chain.members.count == 4)
    #expect(chain.brokenBy == links[7].id)
    #expect(links[6].result == 0)
    #expect(links.cancelled(chain) == [8, 9])
  }

  @Test(arguments: Fixtures.of("hard_links"))
  func hardLinkGoesOnAfterAnError(_ fixture: Observation) throws {
    let links = try ObservedProgram(fixture)
    let chain = try links.chain(of: links[0])
    #expect(chain.members.map(\.result) == [0, -9, 0, 0])
    #expect(chain.brokenBy == 0)
  }

  @Test(arguments: Fixtures.of("hard_links"))
  func mixedChainIsBrokenByItsSoftLink(_ fixture: Observation) throws {
    let links = try ObservedProgram(fixture)
    let chain = try links.chain(of: links[4])
    #expect(chain.members.map(\.result) == [-9, 0, -9, -125, -125])
    #expect(chain.brokenBy == links[6].id)
    #expect(links.cancelled(chain) == [7, 8])
  }

  @Test(arguments: Fixtures.of("link_timeout"))
  func expiredLinkTimeoutIsTheCauseAndTheReadItGuardsIsCancelled(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let chain = try program.chain(of: program[0])
    #expect(program[1].opcode.name == "LINK_TIMEOUT" && program[1].result == -62)
    #expect(chain.brokenBy == program[1].id)
    #expect(program.cancelled(chain) == [0])
  }

  @Test(arguments: Fixtures.of("link_timeout"))
  func linkTimeoutThatWasNotNeededBreaksNothing(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    for guarded in [program[2], program[4]] {
      let chain = try program.chain(of: guarded)
      #expect(chain.members.map(\.result) == [guarded.result, -125])
      #expect(chain.brokenBy == 0)
      #expect(program.cancelled(chain).isEmpty)
    }
  }

  @Test(arguments: Fixtures.of("prep_failure"))
  func chainIsBrokenByTheOneThatFailsInPreparationAndNotByItsHead(
    _ fixture: Observation
  ) throws {
    let program = try ObservedProgram(fixture)
    let middle = try program.chain(of: program[7])
    #expect(middle.brokenBy == program[8].id)
    #expect(program.cancelled(middle) == [7, 9])
    let last = try program.chain(of: program[10])
    #expect(last.brokenBy == program[12].id)
    #expect(program.cancelled(last) == [10, 11])
  }

  @Test(arguments: Fixtures.of("prep_failure"))
  func preparationFailureKeepsItsErrorAndIsNoSubmission(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    for request in program.requests.prefix(4) {
      #expect(request.preparationError == -22)
      #expect(request.steps.map(\.kind) == [.preparationFailed, .completed])
    }
    #expect(program[0].opcode.name == "OP_250")
  }

  @Test(arguments: Fixtures.of("cqe_skip"))
  func chainBehindAFailedRequestWithCQESkipEndsInSilence(_ fixture: Observation) throws {
    let program = try ObservedProgram(fixture)
    let chain = try program.chain(of: program[8])
    #expect(chain.brokenBy == program[8].id)
    #expect(program[8].result == -9)
    #expect(chain.members.map(\.state) == [.completed, .skipped, .skipped])
    #expect(program.cancelled(chain) == [9, 10])
  }
}
