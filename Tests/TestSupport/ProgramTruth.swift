import Foundation

/// The truth that a program of Tests/Programs prints: its own record of its requests.
/// Tests/Programs/README.md describes the members.
public struct ProgramTruth: Decodable, Sendable {
  public var program: String
  public var pid: UInt32
  /// True in a ready line: the program has printed the truth so far, and keeps its requests in
  /// flight.
  public var ready: Bool?
  public var rings: [Ring]
  public var requests: [Request]
  public var submitted: UInt64
  public var completed: UInt64
  public var inFlight: UInt64
  public var cqes: UInt64
  public var auxCqes: UInt64
  public var skipped: UInt64
  public var silent: UInt64
  public var prepFailed: UInt64
  public var overflowed: UInt64
  public var unreaped: UInt64
  public var aux: [AuxiliaryCQE]?

  // Members that only some programs print.
  public var broken: Int?
  public var causes: [UserData]?
  public var deferred: Int?
  public var hashedWrites: Int?
  public var asyncReads: Int?
  public var asyncNops: Int?
  public var forced: Int?
  public var pollArmed: Int?
  public var shortTraced: Int?
  public var sqThread: UInt32?
  public var ringFds: [Int32]?
  public var byRing: [UInt64]?
  public var kernelBuffers: [KernelBuffer]?
  public var fuseRequests: [FuseRequest]?
  public var localBuffers: [LocalBuffer]?

  public struct Ring: Decodable, Sendable {
    public var fd: Int32
    public var sqEntries: UInt32
    public var cqEntries: UInt32
    public var setup: [String]
  }

  /// A request in the truth.
  public struct Request: Decodable, Sendable {
    public var userData: UserData
    public var ring: Int
    public var opcode: String
    public var fd: Int32
    public var flags: [String]
    public var linkedBehind: UserData?
    /// The `user_data` of the leader of the request's SQE group.
    public var group: UserData?
    public var end: End
    public var cqes: UInt32
    public var res: Int32?
    public var results: [Int32]?
    public var notifs: UInt32?
    public var buffer: UInt16?
    public var submitter: UInt32?
    public var prepFailed: Bool?
    public var alsoSubmitted: Bool?
    public var overflowed: Bool?
    public var unreaped: Bool?
    public var note: String?
  }

  public enum End: String, Decodable, Sendable {
    case inFlight = "in_flight"
    case cqe
    case skipped
    case silent
    case ringExit = "ring_exit"
  }

  /// The kernel buffer that the leader of an SQE group lent to the group's members.
  public struct KernelBuffer: Decodable, Sendable {
    public var leader: UserData
    public var length: UInt64
    public var direction: String
  }

  /// A FUSE request with which the kernel lent a buffer to the FUSE server.
  public struct FuseRequest: Decodable, Sendable {
    /// The `user_data` of the command that delivered the FUSE request.
    public var leader: UserData
    public var members: [UserData]
    public var slot: UInt32
    public var length: UInt64
    public var direction: String
    public var queue: UInt32
    public var unique: UserData
    public var node: UInt64
    public var operation: String
    public var offset: UInt64
    /// The conditions that uringtop must show for this group, without conditions that depend on
    /// time.
    public var conditions: [String]
  }

  /// A local buffer, which the program set up for a single submission (IORING_OP_LOCAL_BUF).
  public struct LocalBuffer: Decodable, Sendable {
    public var leader: UserData
    public var members: [UserData]
    public var address: UserData
    public var length: UInt64
    public var tag: UserData
    /// The conditions that uringtop must show for this group, without conditions that depend on
    /// time.
    public var conditions: [String]
  }

  public struct AuxiliaryCQE: Decodable, Sendable {
    public var ring: Int
    public var userData: UserData
    public var res: Int32
  }

  /// A 64-bit number. In JSON it is a string such as "0x1001".
  public struct UserData: Decodable, Hashable, Sendable, CustomStringConvertible {
    public var value: UInt64

    public init(_ value: UInt64) { self.value = value }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      let text = try container.decode(String.self)
      guard text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: text)
      }
      self.value = value
    }

    public var description: String { "0x" + String(value, radix: 16) }
  }

  /// Decodes a line of a program's output.
  public init(_ line: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(ProgramTruth.self, from: line)
  }

  /// Decodes the last line of a program's output; nil if the output is empty.
  public init?(lastLineOf output: Data) throws {
    guard let line = output.split(separator: UInt8(ascii: "\n")).last else { return nil }
    try self.init(Data(line))
  }
}
