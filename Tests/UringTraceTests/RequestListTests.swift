import Testing

@testable import UringTrace

/// Tests of a snapshot's lists of requests, which share memory with the aggregator.
@Suite struct RequestListTests {
  @Test func aSnapshotKeepsItsRequestsWhileTheAggregatorContinues() {
    var stream = RecordStream()
    stream.create(fd: 5, tgid: 42, comm: "fio")
    for request in 1...100 { stream.submit(request, "NOP", userData: UInt64(request)) }
    let before = stream.snapshot()
    for request in 1...60 { stream.complete(request, Int32(request)) }
    for request in 201...400 { stream.submit(request, "NOP", userData: UInt64(request)) }
    let after = stream.snapshot()
    for request in 61...100 { stream.complete(request, 0) }
    #expect(before.requests.map(\.userData) == Array(1...100))
    #expect(before.requests.allSatisfy { $0.state == .submitted } && before.recent.isEmpty)
    #expect(after.requests.map(\.userData) == Array(61...100) + Array(201...400))
    #expect(after.recent.map(\.userData) == Array((1...60).reversed()))
    #expect(after.recent.allSatisfy { $0.state == .completed && UInt64($0.result) == $0.userData })
  }

  @Test func listsAreSelectedByPositionAndFoundByID() throws {
    var stream = RecordStream()
    stream.create(fd: 5, tgid: 42, comm: "fio")
    for request in 1...10 { stream.submit(request, "NOP", userData: UInt64(request)) }
    for request in 1...5 { stream.complete(request, 7) }
    let snapshot = stream.snapshot()
    for list in [snapshot.requests, snapshot.recent, RequestList(Array(snapshot.requests))] {
      #expect(list.count == 5)
      #expect(list[positions: [0, 4]].map(\.id) == [list[0].id, list[4].id])
      #expect(list.filter { $0.id != list[2].id }.map(\.id) == [0, 1, 3, 4].map { list[$0].id })
      #expect(list.indices.allSatisfy { list[id: list[$0].id]?.userData == list[$0].userData })
      #expect(list.indices.allSatisfy { list.ring(at: $0) == list[$0].ring })
      #expect(list[id: 0] == nil)
    }
  }

  @Test func aChangedListHasTheOtherRequestsToo() {
    var stream = RecordStream()
    stream.create(fd: 5, tgid: 42, comm: "fio")
    for request in 1...3 { stream.submit(request, "NOP", userData: UInt64(request)) }
    var list = stream.snapshot().requests
    let unchanged = list
    list[1].userData = 50
    list.append(list[0])
    list.removeAll { $0.userData == 3 }
    #expect(list.map(\.userData) == [1, 50, 1])
    #expect(unchanged.map(\.userData) == [1, 2, 3])
  }
}
