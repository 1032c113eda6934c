/// Where a group's buffer comes from. Each provider is described in a file of its own.
public struct GroupProvider: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ traits: GroupProviderTraits) { rawValue = traits.id }

  /// All that are known, in the order of their numbers.
  public static let all: [GroupProvider] = GroupProviderTraits.all.map { GroupProvider($0) }

  /// As in documents: `ublk`, `send_zc`.
  public var name: StaticString { traits.name }

  /// For people: "ublk, automatic".
  public var title: StaticString { traits.title }

  /// Name of a driver's command that the provider knows, nil for others.
  public func commandName(_ command: UInt32) -> StaticString? {
    traits.commands.first { $0.number == command }?.name
  }

  var traits: GroupProviderTraits {
    GroupProviderTraits.all.first { $0.id == rawValue } ?? .registered
  }
}

/// What the aggregator must know of a provider.
struct GroupProviderTraits: Sendable {
  /// What a driver's command does to a buffer slot.
  enum CommandRole: UInt8, Sendable {
    /// Puts a buffer into the slot.
    case register
    /// Takes the buffer out of the slot.
    case unregister
    /// Completes when the driver has work; the buffer is in the slot by then.
    case deliver
    /// Takes the buffer of the last delivery out of the slot, then is as ``deliver``.
    case commitAndDeliver
  }

  /// Where in the SQE a command names the slot.
  enum SlotField: UInt8, Sendable {
    /// 64 bits in the command's payload, at offset 8 of it (SQE offset 56).
    case payload
    /// The low 16 bits of `addr`.
    case address
    /// Not in the command.
    case none
  }

  struct Command: Sendable {
    /// `cmd_op`.
    var number: UInt32
    var name: StaticString
    var role: CommandRole
    var slot: SlotField
  }

  /// From 1.
  var id: UInt8
  var name: StaticString
  var title: StaticString
  /// Functions that give buffers of this provider back.
  var releases: [String] = []
  /// Commands of its driver.
  var commands: [Command] = []
  /// What is said to have given a buffer back where it was not observed.
  var acknowledgement: String = ""
  /// Whether the buffer should be used wholly, once.
  var isOneTransfer = false

  /// A new provider is a file of its own and a line here.
  static let all: [GroupProviderTraits] = [
    .registered, .ublk, .ublkAuto, .fuse, .sendZC, .provided, .sqeGroup, .localBuffer,
  ]
}
