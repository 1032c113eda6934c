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

  /// The buffer belongs to somebody else, who waits for it: it is not the application's own memory.
  public var isLoan: Bool { !rules.isOwnMemory }

  /// The buffers serve many transfers, for as long as they are registered or provided.
  public var isLongLived: Bool { rules.isOwnMemory && rules.lifecycle != .notification }

  var traits: GroupProviderTraits {
    GroupProviderTraits.all.first { $0.id == rawValue } ?? .registered
  }

  var rules: GroupRules { traits.rules }
}

/// A provider's description: all that the rest of the program knows about it.
package struct GroupProviderTraits: Sendable {
  /// The effect of a driver's command on a buffer slot.
  package enum CommandRole: UInt8, Sendable {
    /// Puts a buffer into the slot.
    case register
    /// Takes the buffer out of the slot.
    case unregister
    /// Completes when the driver has work; the buffer is in the slot by then.
    case deliver
    /// Takes the buffer of the last delivery out of the slot, then is as ``deliver``.
    case commitAndDeliver
    /// Posts a CQE for each batch of work; the buffers are in their slots by then.
    case deliverBatch
    /// Names slots, or work that is done, in the server's memory.
    case batch
  }

  /// Where in the SQE a command names the slot.
  package enum SlotField: UInt8, Sendable {
    /// 64 bits in the command's payload, at offset 8 of it (SQE offset 56).
    case payload
    /// The low 16 bits of `addr`.
    case address
    /// Not in the command.
    case none
  }

  package struct Command: Sendable {
    /// `cmd_op`.
    package var number: UInt32
    package var name: StaticString
    package var role: CommandRole
    package var slot: SlotField
  }

  /// From 1.
  var id: UInt8
  var name: StaticString
  var title: StaticString
  /// Functions that give buffers of this provider back.
  var releases: [String] = []
  /// Commands of its driver.
  var commands: [Command] = []
  /// The function or flag that gives a buffer back, for buffers whose return was not observed.
  var acknowledgement: String = ""
  var rules: GroupRules

  /// A new provider is a file of its own and a line here.
  static let all: [GroupProviderTraits] = [
    .registered, .ublk, .ublkAuto, .fuse, .sendZC, .provided, .sqeGroup, .localBuffer,
  ]
}

/// How a provider's buffers are lent.
struct GroupRules: Sendable {
  /// The events that begin and end a loan.
  enum Lifecycle: UInt8, Sendable {
    /// The owner puts the buffer into a slot of the ring's table and takes it out again. It has the buffer
    /// back when a release function runs.
    case slot
    /// Requests take single buffers out of a pool that the application fills.
    case pool
    /// The leader alone borrows, until its notification CQE.
    case notification
    /// The leader lends to the requests behind it. Its CQE, the last of all, gives the buffer back.
    case batch
    /// The leader lends to the requests behind it without a slot. The last of leader and members gives the
    /// buffer back.
    case submission
  }

  var lifecycle: Lifecycle
  /// The buffer should be used as a whole, once, and its owner waits for it.
  var isOneTransfer = false
  /// The application's own memory.
  var isOwnMemory = false
  /// Assumed for any buffer in a slot until its release function shows the provider.
  var isProvisional = false
  /// The driver puts the buffer into the slot itself, and takes it out at the next commit.
  var isAutomatic = false
  /// The automatic provider whose buffers have the same release function.
  var automaticVariant: GroupProvider?

  /// Of a group that is not in use.
  static let slot = GroupRules(lifecycle: .slot)
}
