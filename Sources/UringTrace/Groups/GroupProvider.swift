/// The source of a request group's buffer, such as ublk or a zero-copy send. Each provider is
/// described in its own file.
public struct GroupProvider: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ traits: GroupProviderTraits) { rawValue = traits.id }

  /// All known providers, in numeric order.
  public static let all: [GroupProvider] = GroupProviderTraits.all.map { GroupProvider($0) }

  /// Name in documents: `ublk`, `send_zc`.
  public var name: StaticString { traits.name }

  /// Name for users: "ublk, automatic".
  public var title: StaticString { traits.title }

  /// Returns the name of a command (`cmd_op`) of this provider's driver; nil if the driver has no
  /// such command.
  public func commandName(_ command: UInt32) -> StaticString? {
    traits.commands.first { $0.number == command }?.name
  }

  /// True if the buffer is not the application's own memory. Its owner, such as a block device,
  /// waits for its return.
  public var isLoan: Bool { !rules.isOwnMemory }

  /// True if a buffer serves many transfers: it is available until it is unregistered or removed.
  public var isLongLived: Bool { rules.isOwnMemory && rules.lifecycle != .notification }

  var traits: GroupProviderTraits {
    GroupProviderTraits.all.first { $0.id == rawValue } ?? .registered
  }

  var rules: GroupRules { traits.rules }
}

/// A provider's description: everything that the rest of the program knows about the provider.
package struct GroupProviderTraits: Sendable {
  /// The effect of a driver's command on a buffer slot.
  package enum CommandRole: UInt8, Sendable {
    /// Puts a buffer into the slot.
    case register
    /// Takes the buffer out of the slot.
    case unregister
    /// Completes when the driver has work; the buffer is in the slot by then.
    case deliver
    /// Takes the buffer of the last delivery out of the slot, then does the same as ``deliver``.
    case commitAndDeliver
    /// Posts a CQE for each batch of work; the buffers are in their slots by then.
    case deliverBatch
    /// Points to a list of slots, or of completed work, in the server's memory.
    case batch
  }

  /// The SQE field in which a command names the slot.
  package enum SlotField: UInt8, Sendable {
    /// The 64 bits at offset 8 of the command's payload (SQE offset 56).
    case payload
    /// The low 16 bits of `addr`.
    case address
    /// None: the command does not name the slot.
    case none
  }

  package struct Command: Sendable {
    /// The command's `cmd_op`.
    package var number: UInt32
    package var name: StaticString
    package var role: CommandRole
    package var slot: SlotField
  }

  /// The provider's ``GroupProvider/rawValue``, from 1.
  var id: UInt8
  var name: StaticString
  var title: StaticString
  /// Kernel functions that return this provider's buffers to their owner.
  var releases: [String] = []
  /// Commands of the provider's driver.
  var commands: [Command] = []
  /// Name of the kernel function or CQE flag that is reported for a buffer's return if the actual
  /// function was not observed.
  var acknowledgement: String = ""
  var rules: GroupRules

  /// To add a provider, add its own file and an entry here.
  static let all: [GroupProviderTraits] = [
    .registered, .ublk, .ublkAuto, .fuse, .sendZC, .provided, .sqeGroup, .localBuffer,
  ]
}

/// Rules for lending a provider's buffers.
struct GroupRules: Sendable {
  /// The events that begin and end a loan of a buffer.
  enum Lifecycle: UInt8, Sendable {
    /// The owner puts the buffer into a slot of the ring's table and takes it out again. The owner
    /// has the buffer back when a release function runs.
    case slot
    /// Requests take single buffers out of a pool that the application fills.
    case pool
    /// Only the leader borrows the buffer, until its notification CQE.
    case notification
    /// The leader lends the buffer to the requests behind it. The leader's CQE, which is the
    /// group's last, returns the buffer.
    case batch
    /// The leader lends the buffer to the requests behind it without a slot. The buffer is given
    /// back when the last of them, leader or member, has ended.
    case submission
  }

  var lifecycle: Lifecycle
  /// True if the buffer should be used as a whole, once, while its owner waits for it.
  var isOneTransfer = false
  /// True for the application's own memory.
  var isOwnMemory = false
  /// True if this provider is assumed for every buffer in a slot, until the buffer's release
  /// function shows the actual provider.
  var isProvisional = false
  /// True if the driver itself puts the buffer into the slot and takes it out at the next commit.
  var isAutomatic = false
  /// The automatic provider whose buffers have the same release function; nil if there is none.
  var automaticVariant: GroupProvider?

  /// Placeholder rules, for a ``GroupState`` that is not in use.
  static let slot = GroupRules(lifecycle: .slot)
}
