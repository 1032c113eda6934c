import UringBase

/// The state of an eventfd, timerfd or other anonymous file as text, from its fdinfo: "count 0",
/// "fires in 2 s".
struct AnonymousDescription {
  let text: String

  /// - Parameters:
  ///   - link: the file's name in /proc/PID/fd, for example `anon_inode:[eventfd]`.
  ///   - fdinfo: the contents of the descriptor's file in /proc/PID/fdinfo.
  init(_ link: String, _ fdinfo: String) {
    text =
      switch link {
      case "anon_inode:[eventfd]":
        Procfs.field("eventfd-count", of: fdinfo, radix: 16).map { "count \($0)" } ?? ""
      case "anon_inode:[timerfd]": Self.timer(fdinfo)
      case "anon_inode:[signalfd]": Self.signals(fdinfo)
      case "anon_inode:[eventpoll]": "watches \(Self.count("tfd:", in: fdinfo)) descriptors"
      case "anon_inode:inotify": "watches \(Self.count("inotify wd:", in: fdinfo)) files"
      case _ where link.hasPrefix("anon_inode:[pidfd]") || link.hasPrefix("pidfd:"):
        Self.process(fdinfo)
      default: ""
      }
  }

  private static func count(_ prefix: String, in fdinfo: String) -> Int {
    Procfs.lines(fdinfo).count { $0.hasPrefix(prefix) }
  }

  /// Returns the time left of a timerfd, from the line `it_value: (seconds, nanoseconds)`.
  private static func timer(_ fdinfo: String) -> String {
    guard let line = Procfs.lines(fdinfo).first(where: { $0.hasPrefix("it_value:") })
    else { return "" }
    let numbers = line.split { !$0.isNumber }.compactMap { UInt64($0) }
    guard numbers.count == 2 else { return "" }
    if numbers == [0, 0] { return "not armed" }
    let (seconds, isOver) = numbers[0].multipliedReportingOverflow(by: 1_000_000_000)
    return isOver ? "" : "fires in \(Figures.duration(seconds &+ numbers[1]))"
  }

  private static func signals(_ fdinfo: String) -> String {
    guard let mask = Procfs.field("sigmask", of: fdinfo, radix: 16) else { return "" }
    let numbers = (0..<64).filter { mask >> $0 & 1 != 0 }.map { "\($0 + 1)" }
    return "signals " + numbers.joined(separator: ", ")
  }

  private static func process(_ fdinfo: String) -> String {
    guard let pid = Procfs.field("Pid", of: fdinfo) else { return "its process has ended" }
    let name = Procfs.comm(of: pid)
    return "process " + (name.map { "\($0)/\(pid)" } ?? "\(pid)")
  }
}
