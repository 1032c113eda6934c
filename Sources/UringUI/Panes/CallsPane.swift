import UringFields
import UringFindings
import UringTrace

/// System calls of io_uring by thread and result. Unexpected failures come first, otherwise the
/// most recent calls.
struct CallsContent: ListContent {
  static let name = "Calls"
  static let emptyText = "no system calls of io_uring"

  /// The text for an empty list. If calls are not watched, it does not claim that there were none;
  /// ``note(_:)`` then explains how to watch them.
  static func emptyText(_ scene: Scene) -> String {
    scene.snapshot.callsWatchedSince == nil ? "no system calls are known" : emptyText
  }

  static var fields: FieldSet<SystemCalls> { .systemCalls }

  static func id(_ row: SystemCalls) -> UInt64 {
    UInt64(row.tid) << 32 ^ UInt64(UInt32(bitPattern: row.result)) ^ UInt64(row.ring ?? 0) << 16
      ^ row.firstTime << 8 ^ UInt64(callName(row).utf8.first ?? 0)
  }

  static func rows(_ scene: Scene) -> [SystemCalls] {
    scene.snapshot.systemCalls.sorted { rank($0) < rank($1) }
  }

  private static func rank(_ row: SystemCalls) -> (Int, UInt64, UInt32) {
    (row.result < 0 && !row.isExpectedFailure ? 0 : 1, .max - row.lastTime, row.tid)
  }

  static func includes(_ scene: Scene) -> (@Sendable (SystemCalls) -> Bool)? {
    guard let ring = scene.ring else { return nil }
    return { $0.ring == ring }
  }

  static func note(_ scene: Scene) -> String? {
    guard scene.snapshot.callsWatchedSince == nil else { return nil }
    let options = "--pid, COMMAND or --syscalls on"
    return scene.isReplay
      ? "not recorded: record with \(options)" : "not watched: \(options) watches them"
  }

  static let crossing: String? = "Finding"

  /// Opens the worst finding about the calls' ring; for calls without a ring, about the calling
  /// process.
  static func cross(_ row: SystemCalls, _ scene: Scene) -> PaneAction {
    let found = scene.findings.first { found in
      row.ring.map { found.finding.rings.contains($0) }
        ?? found.finding.processes.contains(row.tgid)
    }
    return found.map { .showFinding($0.key) } ?? .none
  }

  static func open(_ row: SystemCalls) -> PaneAction {
    row.ring.map { .selectRing($0) } ?? .none
  }

  static func ring(_ row: SystemCalls) -> Ring.ID? { row.ring }
  static func title(_ row: SystemCalls) -> String { "calls of \(callName(row))" }

  static let columns: [Column<SystemCalls>] = [
    Column(
      "CALL", width: 8, priority: 0, order: .text { row, _ in callName(row) }
    ) { row, _ in Piece(callName(row), .name) }
    .meaning("The system call, without io_uring_: `setup`, `enter` or `register`."),
    Column(
      "RESULT", width: 10, minimum: 7, priority: 0,
      order: .signed { row, _ in Int64(row.result) }
    ) { row, _ in
      row.result < 0
        ? row.isExpectedFailure
          ? Piece(Names.error(row.result)) : Piece(Names.error(row.result) + "!", .error)
        : Piece("ok", .faint)
    }.meaning(
      "The errno with which the calls failed; `ok` for calls that succeeded. `!`: a failure other than EINTR, EAGAIN and ETIME of `enter`."
    ),
    Column(
      "COUNT", width: 6, .right, priority: 1, order: .number { row, _ in row.count }
    ) { row, _ in Piece(Humanise.count(row.count)) },
    Column(
      "SQES", width: 6, .right, priority: 6, order: .number { row, _ in row.sqes }
    ) { row, _ in Piece(row.call == .enter ? Humanise.count(row.sqes) : "") },
    Column(
      "RING", width: 5, minimum: 4, .right, priority: 4,
      order: .number { row, _ in UInt64(row.ring ?? 0) }
    ) { row, _ in Piece(row.ring.map { "\($0)" } ?? "", .faint) },
    Column(
      "PID", width: 7, .right, priority: 3, order: .number { row, _ in UInt64(row.tgid) }
    ) { row, _ in Piece("\(row.tgid)") },
    Column(
      "THREAD", width: 20, minimum: 10, priority: 2, order: .number { row, _ in UInt64(row.tid) },
      picture: { row, scene, width in Piece(scene.thread(row.tid).keepingNumber(width)) }
    ).meaning("The thread that made the calls: name and id."),
    Column(
      "LAST", width: 7, .right, priority: 5, order: .number { row, _ in row.lastTime }
    ) { row, scene in Piece(Humanise.duration(scene.age(since: row.lastTime))) }
    .meaning("Time since the last of the calls returned."),
    Column("WHAT", width: 60, minimum: 38, priority: 0, growth: .toContent) { row, scene in
      Piece((row.cause(in: scene.snapshot).map { "\($0); " } ?? "") + arguments(row))
    }.meaning("Why the calls failed, if it is known, and the arguments of the last one."),
  ]

  private static func callName(_ row: SystemCalls) -> String {
    switch row.call {
    case .setup: "setup"
    case .enter: "enter"
    case .register: "register"
    }
  }

  /// The arguments of the last call.
  private static func arguments(_ row: SystemCalls) -> String {
    switch row.call {
    case .setup:
      let flags = Names.setupFlags(SetupFlags(rawValue: row.flags))
      return "\(row.argument) entries" + (flags.isEmpty ? "" : ", " + flags)
    case .enter:
      return "submit \(row.argument)"
        + (row.flags & 1 == 0 ? "" : ", wait for \(row.minimum)")
    case .register:
      return RegisterOpcode(rawValue: row.argument & ~(1 << 31)).name + ", \(row.minimum) arguments"
    }
  }
}
