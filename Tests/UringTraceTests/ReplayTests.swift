import Testing

@testable import UringDocuments
@testable import UringRecordings
@testable import UringSources
@testable import UringTrace

@Suite struct ReplayTests {
  let recording: Recording

  init() throws {
    recording = try Recording(bytes: SampleStream(repetitions: 20).binary())
  }

  private func document(_ snapshot: Snapshot) -> String {
    String(
      decoding: SnapshotDocument(snapshot, toolVersion: "").encoded(), as: UTF8.self)
  }

  @Test func stepBackUndoesStepForward() {
    var engine = ReplayEngine(recording)
    for _ in 0..<10 { engine.stepForward() }
    let before = document(engine.snapshot())
    let position = engine.position
    engine.stepForward()
    #expect(document(engine.snapshot()) != before)
    engine.stepBack()
    let (event, place) = (engine.event, engine.position)
    #expect(event == 10)
    #expect(place == position)
    #expect(document(engine.snapshot()) == before)
  }

  @Test func aSnapshotWithoutEventsLacksNothingElse() {
    var engine = ReplayEngine(recording)
    engine.advance(to: recording.duration / 2)
    var whole = engine.snapshot()
    let bare = engine.snapshot(withEvents: false)
    #expect(!whole.events.isEmpty)
    #expect(bare.events.isEmpty)
    whole.events = []
    #expect(document(whole) == document(bare))
  }

  @Test func stepsEndAtBothEnds() {
    var engine = ReplayEngine(recording)
    let hasPrevious = engine.stepBack()
    #expect(!hasPrevious)
    var steps: UInt64 = 0
    while engine.stepForward() { steps += 1 }
    #expect(steps == recording.eventCount)
    let (isAtEnd, position) = (engine.isAtEnd, engine.position)
    #expect(isAtEnd)
    #expect(position == recording.duration)
  }

  @Test func seekGivesTheSameAsPlaying() {
    let middle = recording.duration / 2
    var played = ReplayEngine(recording)
    for part in 1...10 { played.advance(to: middle * UInt64(part) / 10) }
    var sought = ReplayEngine(recording)
    sought.seek(to: recording.duration)
    sought.seek(to: middle)
    let (playedEvent, soughtEvent) = (played.event, sought.event)
    #expect(playedEvent == soughtEvent)
    #expect(document(played.snapshot()) == document(sought.snapshot()))
  }

  @Test func errorsAreFoundInOrder() {
    var engine = ReplayEngine(recording)
    let isFound = engine.seekNextError()
    #expect(isFound)
    // The second READ fails, in event 7: the ring's creation is event 1, and each READ has three
    // events.
    let event = engine.event
    #expect(event == 7)
    var count = 1
    while engine.seekNextError() { count += 1 }
    // The other errors are a link failure, an overflow and a failed preparation.
    #expect(count == 4)
  }

  @Test func errorsAreFoundBackwardsInTheSameOrder() {
    var engine = ReplayEngine(recording)
    var events: [UInt64] = []
    while engine.seekNextError() { events.append(engine.event) }
    var back = [engine.event]
    while engine.seekPreviousError() { back.append(engine.event) }
    #expect(back.reversed() == events)
    engine.advanceToEnd()
    let isFound = engine.seekPreviousError()
    let event = engine.event
    #expect(isFound && event == events.last)
  }

  @Test func timePlaysAtItsSpeed() {
    let player = Player(
      recording, filter: Filter(), position: 0, isPlaying: true, interval: .milliseconds(10))
    player.tick(now: 5_000_000_000)
    #expect(player.timeline.position == 0)
    player.tick(now: 5_004_000_000)
    #expect(player.timeline.position == 4_000_000)
    _ = player.perform(.setSpeed(0.5))
    player.tick(now: 5_008_000_000)
    #expect(player.timeline.position == 6_000_000)
    _ = player.perform(.pause)
    player.tick(now: 5_100_000_000)
    #expect(player.timeline.position == 6_000_000)
    _ = player.perform(.play)
    player.tick(now: 9_000_000_000)
    #expect(player.timeline.position == recording.duration)
    #expect(!player.timeline.isPlaying)
  }

  @Test func sourceObeys() async throws {
    let source = try ReplaySource(
      recording, isPlaying: false, refreshInterval: .milliseconds(5), dump: { _, _ in Notice("no") }
    )
    defer { source.stop() }
    #expect(source.timeline.eventCount == recording.eventCount)
    let changes = AsyncStream.makeStream(of: Void.self)
    source.onChange { changes.continuation.yield() }
    var announced = changes.stream.makeAsyncIterator()
    source.perform(.stepForward)
    while source.timeline.event != 1 { await announced.next() }
    #expect(source.current().rings.count == 1)
    source.dump(to: "x")
    var notices = source.takeNotices()
    while notices.isEmpty {
      await announced.next()
      notices = source.takeNotices()
    }
    #expect(notices == [Notice("no")])
  }

  @Test func everyChangeIsAnnounced() async throws {
    let source = try ReplaySource(recording, isPlaying: false, dump: { _, _ in Notice("no") })
    defer { source.stop() }
    let changes = AsyncStream.makeStream(of: Void.self)
    source.onChange { changes.continuation.yield() }
    source.perform(.stepForward)
    var iterator = changes.stream.makeAsyncIterator()
    await iterator.next()
    // When the source announces the change, it has already made the step.
    #expect(source.timeline.event == 1)
  }

  @Test func blocksCheckedAheadAreThoseThatWereAskedFor() throws {
    let bytes = SampleStream(repetitions: 200).binary()
    let asked = try Recording(bytes: bytes, blockSize: 1 << 8)
    let ahead = try Recording(bytes: bytes, blockSize: 1 << 8)
    ahead.beginCheckingAhead()
    defer { ahead.endCheckingAhead() }
    var index = 0
    while let block = ahead.block(index) {
      #expect(block.range == asked.block(index)?.range)
      #expect(block.endEvent == asked.block(index)?.endEvent)
      index += 1
    }
    #expect(index > 100)
    #expect(asked.block(index) == nil)
    #expect(ahead.recordCount == asked.recordCount)
    #expect(ahead.flaw == asked.flaw)
  }

  @Test func runsOfBlocksGiveTheSameAsSingleRecords() throws {
    let long = try Recording(bytes: SampleStream(repetitions: 20).binary(), blockSize: 1 << 10)
    #expect(long.block(1) != nil)
    var single = Aggregator(host: long.header.host)
    let middle = long.duration / 2
    var count: UInt64 = 0
    long.forEachRecord { record in
      guard record.pointee.time_ns <= long.startTime + middle else { return }
      single.consume(record)
      count += 1
    }
    single.advance(to: long.startTime + middle)
    var engine = ReplayEngine(long)
    engine.advance(to: middle)
    #expect(engine.snapshot().recordCount == count)
    #expect(document(engine.snapshot()) == document(single.snapshot()))
    let event = engine.event
    engine.stepForward()
    engine.stepBack()
    #expect(engine.event == event)
  }
}
