import UringBase

/// The reason why a request in flight has not ended, from the last reading of the kernel's
/// structures, of the request's file and of its chain.
public struct WaitCause: Sendable, Hashable {
  /// The kind of cause; documents contain the raw values.
  public enum Kind: String, Sendable, CaseIterable {
    /// The request's file is not ready (poll is armed on it).
    case file
    /// Another request of the chain must end first.
    case chain
    /// Requests submitted earlier must end first (IOSQE_IO_DRAIN).
    case drain
    /// The timeout has not expired.
    case timer
    /// A worker thread executes the request, and is blocked or busy.
    case worker
    /// No worker thread has picked up the request.
    case workerQueue = "worker_queue"
    /// The driver holds the request (URING_CMD).
    case driver
    /// No task has woken the futex.
    case futex
    /// The process for which WAITID waits has not changed its state.
    case process
    /// A block device is working on the request.
    case device
    /// The request is ready, but its task does not run.
    case task
    /// The network stack still holds the buffer.
    case network
  }

  public var kind: Kind
  /// The request of the chain that must end first, if there is one.
  public var request: Request.ID?
  /// Text that completes the phrase "waits for": "POLLIN of pipe:[7], which is not ready".
  public var text: String
}

extension Snapshot {
  /// The reason why a request in flight has not ended; nil if it has ended, or if no inventory
  /// (walk of a BPF iterator over kernel structures) was taken.
  public func cause(of request: Request) -> WaitCause? {
    guard !request.state.isFinal else { return nil }
    if request.state == .awaitingNotification {
      let state = fileStates[request.id]
      let queue = state?.sendBytes.map { ": \($0) bytes are in the send queue" } ?? ""
      let socket = state.map { $0.text.isEmpty ? "" : " (\($0.text))" } ?? ""
      return WaitCause(
        kind: .network, text: "the network stack to release the buffer" + queue + socket)
    }
    switch request.place {
    case .linked: return causeInChain(of: request)
    case .poll: return WaitCause(kind: .file, text: fileText(request))
    case .deferred:
      return WaitCause(kind: .drain, text: "the requests submitted before it (IOSQE_IO_DRAIN)")
    case .timeout: return WaitCause(kind: .timer, text: timerText(request))
    case .linkTimeout:
      return WaitCause(kind: .timer, text: "the request that it guards, or " + timerText(request))
    case .command: return WaitCause(kind: .driver, text: driverText(request))
    case .futex: return WaitCause(kind: .futex, text: futexText(request))
    case .waitid: return WaitCause(kind: .process, text: processText(request))
    case .iopoll:
      return WaitCause(
        kind: .device, text: "\(file(of: request)), which is polled by io_uring_enter")
    case .block: return WaitCause(kind: .device, text: deviceText(request))
    case .workerQueued:
      return WaitCause(kind: .workerQueue, text: "a worker thread: none has picked it up")
    case .workerRunning: return WaitCause(kind: .worker, text: workerText(request))
    case .taskWork:
      return WaitCause(
        kind: .task, text: "\(thread(request.submitterTid)) to run: its completion is ready")
    case .network, .unknown: return nil
    }
  }

  /// The cause for a request that waits behind others of its chain: the chain's first request in
  /// flight, and the cause for which that request waits.
  private func causeInChain(of request: Request) -> WaitCause {
    guard let chain = chains.first(where: { $0.id == request.chain }),
      let head = chain.members.first(where: { !$0.state.isFinal }), head.request != request.id
    else { return WaitCause(kind: .chain, text: "another request of its chain") }
    var text = "request \(head.request) (\(head.opcode.name)) of its chain"
    // Searches `requests` only for the head, not for each member, because the list can have
    // thousands of entries.
    if let other = requests.first(where: { $0.id == head.request }), other.place != .linked,
      let cause = cause(of: other)
    {
      text += ", which waits for \(cause.text)"
    }
    return WaitCause(kind: .chain, request: head.request, text: text)
  }

  private func fileText(_ request: Request) -> String {
    let events = Self.essential(request.pollEvents)
    let name = file(of: request)
    var text = events.isEmpty ? name : "\(events) of \(name)"
    guard let state = fileStates[request.id] else { return text }
    let reported = Self.essential(state.pollEvents, withErrors: true)
    text += reported.isEmpty ? ", which is not ready" : ", which reports \(reported)"
    let details = state.details(besides: name)
    if !details.isEmpty { text += " (\(details))" }
    return text
  }

  /// The names of the essential events. Mode bits (EPOLLET, EPOLLONESHOT) and implied events are
  /// left out: for example, a readable file also reports POLLRDNORM. `withErrors` includes errors,
  /// for the events that a file reports.
  private static func essential(_ events: UInt32, withErrors: Bool = false) -> String {
    let data: UInt32 = 0x1 | 0x4  // POLLIN, POLLOUT
    let errors: UInt32 = 0x8 | 0x10  // POLLERR, POLLHUP
    let others: UInt32 = 0x2 | 0x2000  // POLLPRI, POLLRDHUP
    var shown = events & (withErrors ? data | errors : data)
    if shown == 0 { shown = events & (others | errors) }
    return shown == 0 ? "" : NamedBits.poll.text(shown)
  }

  private func deviceText(_ request: Request) -> String {
    guard let disk = diskRequests.first(where: { $0.request == request.id }) else {
      return "the device of \(file(of: request))"
    }
    let place = "\(disk.block.device) queue \(disk.block.queue) tag \(disk.block.tag)"
    let text = "\(place): \(disk.operationText)"
    if disk.isWithServer {
      let server = disk.serverTgid == 0 ? "" : " \(thread(disk.serverTgid))"
      return text + ", which its server\(server) holds and has not committed"
    }
    return text + ", which its driver holds"
  }

  private func driverText(_ request: Request) -> String {
    let name = file(of: request)
    guard let command = request.commandName else { return "the driver of \(name)" }
    if let slot = ublkSlots[request.id] {
      return "an I/O on queue \(slot.queue) tag \(slot.tag) of \(name) (\(command))"
    }
    return "the driver of \(name) to answer \(command)"
  }

  private func timerText(_ request: Request) -> String {
    guard request.expiryTime != 0 else { return "its timer, whose expiry is not known" }
    let rest = request.expiryTime.since(time)
    guard rest > 0 else { return "its timer, which is due" }
    let year = 365 * TimeUnit.day.nanoseconds
    guard rest >= year else { return "its timer, which fires in \(Figures.duration(rest))" }
    return
      "its timer, which fires in \(rest / year) years: its timespec may not have been valid when "
      + "it was submitted"
  }

  private func futexText(_ request: Request) -> String {
    guard request.knows(.addr), request.sqe.addr != 0 else { return "a futex to be woken" }
    if request.opcode == .futexWaitV, request.knows(.len) {
      return "one of the \(request.sqe.len) futexes listed at 0x"
        + "\(String(request.sqe.addr, radix: 16)) to be woken"
    }
    return "the futex at 0x\(String(request.sqe.addr, radix: 16)), to be woken"
  }

  /// The process for which WAITID waits. The id is that of the submitter's pid namespace.
  private func processText(_ request: Request) -> String {
    let number = request.sqe.fd
    // The fields of WAITID: `len` is the idtype, `fd` the id. If `len` is known, so is `fd`.
    let who =
      switch request.knows(.len) ? request.sqe.len : .max {
      case 0: "any child"
      case 1: "process \(number)"
      case 2: number == 0 ? "a process of its own group" : "a process of group \(number)"
      case 3: "the process of pidfd \(number)"
      default: "a process"
      }
    return who + " to change its state"
  }

  private func workerText(_ request: Request) -> String {
    var text = thread(request.workerTid) + ", which executes it"
    guard let stack = kernelStacks[request.workerTid], !stack.areNamesHidden else {
      return text + inputText(request)
    }
    // The scheduler's own frames are on top of every stack.
    let scheduler = ["schedule", "__schedule", "io_schedule", "schedule_timeout"]
    let frame = stack.frames.lazy.map { $0.split(separator: "+").first.map(String.init) ?? $0 }
      .first { !scheduler.contains($0) }
    if let frame { text += " and is in \(frame)" }
    return text + inputText(request)
  }

  /// A clause about the state of the file that SPLICE or TEE reads from; empty if it is unknown.
  private func inputText(_ request: Request) -> String {
    guard request.opcode == .splice || request.opcode == .tee, let state = fileStates[request.id]
    else { return "" }
    let isReady = state.pollEvents & 0x1 != 0  // POLLIN
    return "; its input has \(isReady ? "data" : "no data")"
      + (state.text.isEmpty ? "" : " (\(state.text))")
  }

  private func file(of request: Request) -> String {
    if let name = fileNames.sentenceName(of: request), !name.isEmpty { return name }
    switch request.file {
    case .descriptor(let number)?: return "descriptor \(number)"
    case .fixed(let index)?: return "registered file \(index)"
    case nil: return "its file"
    }
  }

  private func thread(_ tid: UInt32) -> String {
    guard tid != 0 else { return "a thread" }
    return taskNames[tid].map { "\($0)/\(tid)" } ?? "thread \(tid)"
  }
}
