import Foundation
import UringTrace

/// An I/O: a line that `uringtop demo --log` writes. `IORecord` of the module UblkTarget describes
/// the columns.
public struct TargetIO: Decodable, Sendable, CustomStringConvertible {
  public var number: UInt64
  public var queue: UInt16
  public var tag: UInt16
  public var op: String
  public var sector: UInt64?
  public var length: UInt32
  public var result: Int32
  public var slot: UInt32?
  public var automatic: Bool
  public var fault: String?
  public var members: UInt64
  public var movedBytes: UInt64
  public var fetchedNs: UInt64
  public var registeredNs: UInt64?
  public var issuedNs: UInt64?
  public var completedNs: UInt64?
  public var unregisteredNs: UInt64?
  public var committedNs: UInt64

  public var hasData: Bool { op == "read" || op == "write" }

  public var description: String {
    "I/O \(number) of queue \(queue) (tag \(tag), \(op) of \(length) bytes at sector \(sector ?? 0)"
      + (fault.map { ", \($0))" } ?? ")")
  }

  /// Returns all I/Os of a log, in order of ``fetchedNs``.
  public static func log(_ data: Data) throws -> [TargetIO] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try data.split(separator: UInt8(ascii: "\n"))
      .map { try decoder.decode(TargetIO.self, from: Data($0)) }
  }
}

/// The output of `uringtop demo --batch --json`: the totals that the ublk target counted, and the
/// groups of uringtop's snapshot.
public struct TargetAccount: Decodable, Sendable {
  public var demo: Demo
  public var groups: [Group]

  public struct Demo: Decodable, Sendable {
    public var mode: String
    public var device: String
    public var ios: Int
    public var errors: Int
    public var groups: Int
    public var members: UInt64
    public var remainders: Int
    public var fallbacks: Int
    public var faults: [Fault]
  }

  public struct Fault: Decodable, Sendable {
    public var fault: String
    public var ios: Int
  }

  public struct Group: Decodable, Sendable {
    public var id: UInt64
    public var provider: String
    public var state: String
    public var memberCount: UInt64
    public var movedBytes: UInt64
    public var ack: Acknowledgement?
    public var conditions: [String]
  }

  public struct Acknowledgement: Decodable, Equatable, Sendable {
    public var callback: String
    public var timeNs: UInt64
    public var derived: Bool
  }

  public init(_ data: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(TargetAccount.self, from: data)
  }
}

extension TargetAccount.Group {
  /// Converts a group to the form in which the JSON document shows it.
  public init(_ group: RequestGroup) {
    id = group.id
    provider = "\(group.provider.name)"
    state = "\(group.state)"
    memberCount = group.memberCount
    movedBytes = group.movedBytes
    ack = group.acknowledgement.map {
      .init(callback: $0.callback, timeNs: $0.time, derived: $0.isDerived)
    }
    conditions = group.conditions.map { "\($0.name)" }
  }
}
