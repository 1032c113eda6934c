import UringTrace

/// Requests that wait for block devices whose servers are processes.
extension WaitGraph {
  /// The wait of a request for a ublk device: it waits for the server process that holds the block
  /// request.
  func blockStep(_ request: Request) -> WaitStep {
    guard let disk = snapshot.diskRequests.first(where: { $0.request == request.id }),
      disk.isWithServer, disk.serverTgid != 0
    else { return .open("\(words(request)) waits for a block device") }
    return .waits([
      .init(
        node: .process(disk.serverTgid),
        text: "\(words(request)) is in flight, and \(Self.name(disk))")
    ])
  }

  /// The wait of a request that an io-wq worker executes: for a pipe, or for a free tag of a block
  /// device. Any block request that holds a tag can release it.
  func workerStep(_ request: Request) -> WaitStep {
    let who = words(request)
    if let (pipe, direction) = blockingPipe(of: request) {
      return .waits([
        .init(
          node: .file(pipe, direction),
          text:
            "\(who) is executed by worker \(request.workerTid), which sleeps until \(name(pipe)) has "
            + (direction == .reading ? "data" : "room"))
      ])
    }
    let device = snapshot.fileNames.name(of: request)?.split(separator: "/").last.map(String.init)
    let served = snapshot.diskRequests.filter { $0.block.device == device }
    guard let stack = snapshot.kernelStacks[request.workerTid],
      stack.frames.contains(where: { $0.hasPrefix("blk_mq_get_tag") }), !served.isEmpty,
      served.allSatisfy({ $0.isWithServer && $0.serverTgid != 0 })
    else {
      return .open(
        snapshot.cause(of: request).map { "\(who) waits for \($0.text)" }
          ?? "\(who) is executed by a worker")
    }
    return .waits(
      served.map { disk in
        .init(
          node: .process(disk.serverTgid),
          text: "\(who) waits for a free tag (blk_mq_get_tag) in worker \(request.workerTid), and "
            + Self.name(disk))
      })
  }

  private static func name(_ disk: DiskRequest) -> String {
    "\(disk.block.device) queue \(disk.block.queue) tag \(disk.block.tag) is with its server, process "
      + "\(disk.serverTgid), which has not committed it"
  }
}
