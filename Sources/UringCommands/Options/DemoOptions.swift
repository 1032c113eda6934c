import ArgumentParser
import UblkTarget

/// Options of the demonstration's target.
struct DemoOptions: ParsableArguments {
  @Option(name: .customLong("target"), help: "ublk or buffers, with no fallback to the other.")
  var kind: Status.Target?

  @Option(
    help: ArgumentHelp(
      "Keep the data in a file, which is created sparse. A file with data requires --no-load.",
      valueName: "file"),
    completion: .file())
  var file: String?

  @Flag(help: "Keep the data in memory (default).")
  var memory = false

  @Flag(help: "Keep no data.")
  var null = false

  @Option(
    help: "copy, user-copy, zero-copy or auto. Default: the last of these that the kernel has.")
  var transfer: Transfer?

  @Option(help: "Number of queues, each served by a thread.")
  var queues = 1

  @Option(help: "I/Os in flight in each queue.")
  var depth = 16

  @Option(
    help: ArgumentHelp("Size of the device, such as 64M or 1G. Default: 64M.", valueName: "bytes"),
    transform: ByteCountArgument.parse)
  var size = ByteCountArgument(bytes: 64 << 20)

  @Option(
    help: ArgumentHelp("Logical block size, 512 to 4096. Default: 4096.", valueName: "bytes"),
    transform: ByteCountArgument.parse)
  var blockSize = ByteCountArgument(bytes: 4096)

  @Option(help: "Load I/Os per second. Default: unlimited.")
  var rate: Int?

  @Option(help: "Load I/Os in flight.")
  var loadDepth = 8

  @Option(help: "Stop after this many load I/Os.")
  var ios: UInt64?

  @Flag(help: "Run no load, and leave the device to your own programs.")
  var noLoad = false

  @Option(
    help: ArgumentHelp(
      "Inject a fault into a share of the I/Os: \(Self.faults). Repeatable.",
      valueName: "fault[:percent]"),
    completion: .list(Fault.allCases.map(\.rawValue)),
    transform: Self.injection)
  var inject: [Injection] = []

  private static let faults = Fault.allCases.map(\.rawValue).joined(separator: ", ")

  private static func injection(_ text: String) throws -> Injection {
    if let injection = Injection(text) { return injection }
    let name = String(text.prefix { $0 != ":" })
    guard Fault(rawValue: name) == nil else {
      throw ValidationError("the percentage of a fault must be more than 0 and at most 100")
    }
    throw ValidationError(
      RefusedChoice(value: name, choices: Fault.allCases.map(\.rawValue)).advice)
  }

  func validate() throws {
    if [file != nil, memory, null].count(where: \.self) > 1 {
      throw ValidationError("--file, --memory and --null exclude each other")
    }
    if let rate, rate < 1 { throw ValidationError("--rate must be at least 1") }
    if noLoad, rate != nil || ios != nil {
      throw ValidationError("--rate and --ios need a load: omit --no-load")
    }
  }

  var configuration: Configuration {
    var configuration = Configuration()
    configuration.backing = null ? .null : file.map { .file($0) } ?? .memory
    configuration.transfer = transfer
    configuration.queues = queues
    configuration.depth = depth
    configuration.size = size.bytes
    configuration.blockSize = Int(clamping: blockSize.bytes)
    configuration.injections = inject
    var load = LoadConfiguration()
    load.depth = loadDepth
    load.rate = rate
    load.count = ios
    configuration.load = noLoad ? nil : load
    return configuration
  }
}

extension Transfer: ExpressibleByArgument {}
extension Status.Target: ExpressibleByArgument {}
