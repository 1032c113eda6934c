import Foundation
import ProbeSupport
import Testing
import UringProbe
import UringTrace

extension LiveTests {
  /// Tests of the inventory: BPF iterators, which find the requests that were in flight before
  /// uringtop attached. The requests of each test program wait on one kind of kernel list or queue.
  @Suite struct InventoryTests {
    /// Starts a program, then a capture session. When the session has found the program's requests
    /// in flight, passes them to `check`.
    private func found(
      _ program: String, _ arguments: String..., expecting count: Int? = nil,
      _ check: (Snapshot, [Request], Ring) throws -> Void
    ) throws {
      let child = try TestPrograms.start(program, arguments: arguments)
      defer { _ = child.finish() }
      let truth = try #require(child.readLine())
      let session = try LiveSessionTests.session { $0.filter.pids = [child.pid] }
      let count = count ?? Int(truth["in_flight"] ?? 0)
      let snapshot = LiveSessionTests.wait(session) {
        session.hasInventory && $0.requests.count == count && $0.rings.first?.balance != nil
      }
      #expect(snapshot.requests.count == count)
      let ring = try #require(snapshot.rings.first)
      if let balance = ring.balance, balance.method != .sequence {
        #expect(balance.accounted == balance.outstanding)
      }
      #expect(snapshot.damagedRecordCount == 0)
      try check(snapshot, Array(snapshot.requests), ring)
    }

    @Test func aPollThatHangs() throws {
      try found("hang_poll") { snapshot, requests, ring in
        let poll = try #require(requests.first)
        #expect(poll.opcode.name == "POLL_ADD")
        #expect(poll.userData == 0x1001)
        #expect(poll.place == .poll)
        #expect(!poll.isStartKnown)
        #expect(snapshot.fileNames.name(of: poll)?.hasPrefix("pipe:") == true)
        let waiter = try #require(ring.waiter)
        #expect(waiter.missing == 1)
        #expect(waiter.tgid == poll.submitterTgid)
        let cause = try #require(snapshot.cause(of: poll))
        #expect(cause.kind == .file)
        #expect(cause.text.hasPrefix("POLLIN of pipe:["))
        #expect(cause.text.contains("which is not ready"))
        #expect(cause.text.contains("write end: hang_poll/\(poll.submitterTgid) fd "))
      }
    }

    @Test func aChainThatHangs() throws {
      try found("hang_chain") { snapshot, requests, _ in
        #expect(requests.map(\.opcode.name) == ["READ", "WRITE", "FSYNC", "CLOSE"])
        #expect(requests.map(\.place) == [.poll, .linked, .linked, .linked])
        #expect(snapshot.chains.first?.members.count == 4)
        #expect(requests[0].sqe.len == 512)
        for member in requests.dropFirst() {
          let cause = try #require(snapshot.cause(of: member))
          #expect(cause.kind == .chain)
          #expect(cause.request == requests[0].id)
          #expect(cause.text.contains("(READ) of its chain, which waits for POLLIN of pipe:["))
        }
        #expect(snapshot.fileNames.name(of: requests[0])?.hasPrefix("pipe:") == true)
      }
    }

    /// uringtop derives bounds of the request's age: the request is older than the sleep of the
    /// thread that waits for it, and younger than the program.
    @Test func theAgeOfWhatHangs() throws {
      let before = LiveSessionTests.now()
      let child = try TestPrograms.start("hang_poll")
      defer { _ = child.finish() }
      _ = child.readLine()
      // Polls until the program sleeps in io_uring_enter (system call 426).
      let sleeps = eventually {
        let call = try? String(contentsOfFile: "/proc/\(child.pid)/syscall", encoding: .utf8)
        return call?.hasPrefix("426 ") == true
      }
      try #require(sleeps)
      let asleepAtLast = LiveSessionTests.now()
      let session = try LiveSessionTests.session { $0.filter.pids = [child.pid] }
      let snapshot = LiveSessionTests.wait(session) {
        // The inventory reports a sleep only after it has lasted a second.
        if $0.rings.first?.waiter?.asleepSince == nil { session.perform(.inventory) }
        return !$0.requests.isEmpty && $0.rings.first?.waiter?.asleepSince != nil
      }
      let poll = try #require(snapshot.requests.first)
      #expect(!poll.isStartKnown)
      #expect(poll.startTime >= before)
      // The scheduler's clock can lag by a tick.
      let asleep = asleepAtLast + 20_000_000
      #expect(poll.startTime <= asleep)
      let since = try #require(snapshot.rings.first?.waiter?.asleepSince)
      #expect(since >= before)
      #expect(since <= asleep)
    }

    @Test func aThreadThatSleepsForSQEs() throws {
      try found("sqpoll", "--hold") { _, requests, ring in
        #expect(ring.sqThread == .sleeps)
        #expect(requests.first?.isSubmittedBySQThread == true)
      }
    }

    @Test func stacksOfSubmissions() throws {
      let child = try TestPrograms.start("submit_stack")
      defer { _ = child.finish() }
      _ = child.readLine()
      let session = try LiveSessionTests.session {
        $0.filter.pids = [child.pid]
        $0.filter.takesStacks = true
      }
      let snapshot = LiveSessionTests.wait(session) { snapshot in
        snapshot.recent.contains { $0.userStackKey.flatMap { snapshot.userStacks[$0] } != nil }
      }
      let frames = try #require(
        snapshot.recent.lazy.compactMap { $0.userStackKey }.compactMap { snapshot.userStacks[$0] }
          .first)
      #expect(frames.first?.hasPrefix("syscall+0x") == true)
      #expect(frames.contains { $0.hasPrefix("submit_from_outside+0x") })
      #expect(frames.contains { $0.hasPrefix("main+0x") && $0.hasSuffix("(submit_stack)") })
    }

    @Test func withoutStacksThereAreNone() throws {
      let child = try TestPrograms.start("submit_stack")
      defer { _ = child.finish() }
      _ = child.readLine()
      let session = try LiveSessionTests.session { $0.filter.pids = [child.pid] }
      let snapshot = LiveSessionTests.wait(session) { $0.recent.count > 3 }
      #expect(snapshot.recent.count > 3)
      #expect(snapshot.recent.allSatisfy { $0.userStackKey == nil })
      #expect(snapshot.userStacks.isEmpty)
    }

    @Test func deferredBehindADrain() throws {
      try found("drain", "--hold") { _, requests, _ in
        #expect(requests.filter { $0.place == .deferred }.count == 3)
      }
    }

    @Test func timeouts() throws {
      try found("timeout", "--hold") { snapshot, requests, _ in
        for timeout in requests where timeout.opcode.name == "TIMEOUT" {
          #expect(timeout.place == .timeout)
          #expect(timeout.isStartKnown)
          #expect(timeout.startTime < snapshot.host.startTime)
        }
      }
    }

    @Test func linkTimeouts() throws {
      try found("link_timeout", "--hold") { snapshot, requests, _ in
        #expect(Set(requests.map(\.place)) == [.poll, .linkTimeout])
        #expect(snapshot.chains.first?.members.map(\.opcode.name) == ["READ", "LINK_TIMEOUT"])
      }
    }

    @Test func pollsOfOtherOpcodes() throws {
      try found("poll_armed", "--hold") { _, requests, _ in
        #expect(requests.allSatisfy { $0.place == .poll && $0.pollEvents != 0 })
      }
    }

    @Test func multishots() throws {
      try found("multishot_recv", "--hold") { _, requests, _ in
        #expect(requests.allSatisfy { $0.place == .poll })
      }
    }

    @Test func aRingWithoutDescriptor() throws {
      try found("registered_ring", "--hold") { _, requests, _ in
        #expect(requests.first?.place == .poll)
      }
    }

    @Test func waitingWithDeferredTaskWork() throws {
      try found("hang_poll", "--defer") { _, requests, ring in
        #expect(requests.first?.place == .poll)
        #expect(ring.waiter?.missing == 1)
      }
    }

    @Test func parkedElsewhere() throws {
      try found("parked") { snapshot, requests, ring in
        let opens = requests.filter { $0.opcode.name == "OPENAT" }
        #expect(Set(opens.map(\.place)) == [.workerRunning, .workerQueued])
        let open = try #require(opens.first { $0.place == .workerRunning })
        let stack = try #require(snapshot.kernelStacks[open.workerTid])
        if !stack.areNamesHidden {
          #expect(stack.frames.contains { $0.hasPrefix("wait_for_partner") })
        }
        if let wait = requests.first(where: { $0.opcode.name == "FUTEX_WAIT" }) {
          #expect(wait.place == .futex)
        }
        if let wait = requests.first(where: { $0.opcode.name == "WAITID" }) {
          #expect(wait.place == .waitid)
          #expect(snapshot.cause(of: wait)?.text.hasPrefix("process ") == true)
        }
        #expect(ring.sqPending == 2)
        #expect(ring.unsubmitted.map(\.user_data) == [0xaaa1, 0xaaa2])
        #expect(ring.cqPending == 1)
        #expect(ring.unreaped.map(\.userData) == [0xbbb1])
      }
    }

    /// Registered files and buffers with the requests that use them, and the number of buffers left
    /// in groups of provided buffers.
    @Test func registeredBefore() throws {
      try found("registered", "--hold") { snapshot, requests, ring in
        #expect(ring.files.map(\.index) == [0, 1, 2, 3, 4, 5])
        // Up to Linux 6.12 the kernel has no reference count for each registered file.
        let counts = ring.files.compactMap(\.references)
        #expect(counts.isEmpty || counts == [2, 2, 0, 1, 0, 0])
        for request in requests where !request.namesDescriptor {
          let name = try #require(snapshot.fileNames.name(of: request))
          let kind = request.file == .fixed(1) ? "socket:[" : "pipe:["
          #expect(name.hasPrefix(kind))
          // The text of the cause contains the file's name, without the processes at the other end
          // of a pipe.
          let own = try #require(snapshot.fileNames.sentenceName(of: request))
          #expect(snapshot.cause(of: request)?.text.contains(own) == true)
        }
        // The descriptor of this request's file is still open.
        let asked = try #require(requests.first { $0.file == .fixed(0) })
        let cause = try #require(snapshot.cause(of: asked))
        #expect(cause.text.contains("which is not ready"))
        #expect(cause.text.contains("write end: registered/\(asked.submitterTgid) fd "))
        // The only write end of this request's pipe is a registered file.
        let other = try #require(requests.first { $0.namesDescriptor })
        #expect(
          snapshot.cause(of: other)?.text.contains("write end: registered with a ring") == true)
        let buffers = snapshot.buffers.filter { $0.kind == .registered }
        #expect(buffers.map(\.borrowers.count) == [2, 0, 1, 0])
        #expect(counts.isEmpty || buffers.map(\.references) == [2, 0, 1, 0])
        let groups = snapshot.buffers.filter { $0.kind != .registered }
        let left = Dictionary(uniqueKeysWithValues: groups.map { ($0.index, $0.buffersLeft) })
        #expect(left == [1: 3, 2: 3, 70: 0, 300: 2, 1000: 16])
        let rings = groups.filter { $0.kind == .providedRing }
        #expect(rings.map(\.bufferCount) == [8, 4, 16])
      }
    }

    @Test func overflowedCompletions() throws {
      try found("cq_overflow", "--hold", expecting: 0) { snapshot, _, _ in
        let ring = try #require(snapshot.rings.first { $0.cqPending > 0 })
        #expect(ring.cqPending == 8)
        #expect(ring.isOverflowed)
        #expect(ring.unreaped.filter(\.isOverflowed).count == 16)
      }
    }

    @Test func manyPollsAreListedWholly() throws {
      try found("many_inflight", "16384", "poll", expecting: 16_384) { _, requests, ring in
        #expect(Set(requests.map(\.userData)).count == 16_384)
        #expect(ring.balance?.reached == 16_384)
      }
    }

    /// A request is queued in an io-wq pool behind a request of another ring, which the filter
    /// excludes.
    @Test func aRingThatSharesAPoolOfWorkers() throws {
      let child = try TestPrograms.start("shared_pool", arguments: ["--hold"])
      defer { _ = child.finish() }
      _ = child.readLine()
      let session = try LiveSessionTests.session {
        $0.filter.pids = [child.pid]
        $0.filter.fds = [4]
      }
      let snapshot = LiveSessionTests.wait(session) {
        session.hasInventory && $0.rings.first?.balance != nil
      }
      #expect(snapshot.requests.map(\.userData) == [0x1003])
      #expect(snapshot.requests.map(\.place) == [.workerQueued])
      #expect(snapshot.rings.map(\.notListed) == [0])
    }

    @Test func nothingWrongUnderChurn() throws {
      let child = try TestPrograms.start("churn", "20000")
      let truth = try #require(child.readLine())
      let session = try LiveSessionTests.session { $0.filter.pids = [child.pid] }
      for _ in 0..<20 {
        let looked = session.current().rings.first?.balance?.time
        session.perform(.inventory)
        eventually { session.current().rings.first?.balance?.time != looked }
        let ring = session.current().rings.first
        // All requests of `churn` are on kernel lists, so none may be reported as not listed. The
        // requests of a ring that changes too fast are not counted.
        #expect(ring?.notListed == 0)
        guard let balance = ring?.balance, balance.method != .unknown else { continue }
        #expect(balance.accounted == balance.outstanding)
      }
      let snapshot = session.current()
      #expect(snapshot.lost.total == 0)
      // One request of each user_data is in flight at a time.
      #expect(Set(snapshot.requests.map(\.userData)).count == snapshot.requests.count)
      #expect(snapshot.requests.count <= Int(truth["slots"] ?? 0))
      _ = child.finish()
      // On a busy machine, uringtop can notice the ring's close late.
      var last = session.current()
      eventually {
        last = session.current()
        return last.requests.isEmpty
      }
      #expect(last.requests.count == 0)
    }

    @Test func aCloseLookAtASocket() throws {
      let child = try TestPrograms.start("poll_armed", "--hold")
      defer { _ = child.finish() }
      _ = child.readLine()
      let session = try LiveSessionTests.session { $0.filter.pids = [child.pid] }
      let request = try #require(
        LiveSessionTests.wait(session) { !$0.requests.isEmpty }.requests.first)
      session.perform(.inspect(request.id))
      let after = LiveSessionTests.wait(session) { $0.fileStates[request.id] != nil }
      let state = try #require(after.fileStates[request.id])
      #expect(!state.text.isEmpty)
      #expect(state.receiveBytes == 0)
      #expect(state.pollEvents & UInt32(POLLIN) == 0)
    }
  }
}

extension Request {
  fileprivate var namesDescriptor: Bool {
    if case .descriptor? = self.file { true } else { false }
  }
}
