import CRecord

/// What the aggregator keeps of groups and buffers.
///
/// Bounded: groups that have ended by the history limit, those alive by what the kernel has in flight and
/// registered, members that are done by ``keptMembers`` in each group.
struct GroupTables: ~Copyable {
  /// Members that are done, kept in each group.
  static var keptMembers: UInt32 { 64 }
  /// Buffers of applications that have groups although nobody has used them yet.
  static var mostIdle: UInt64 { 4_096 }

  var groups = Pool<GroupState>()
  var members = Pool<MemberState>()
  var places = Pool<BufferSlotState>()
  var tags = Pool<UblkTagState>()

  /// From ``key(node:buffer:ring:)`` to group.
  var keys = AddressTable()
  /// From what a kernel buffer's release function gets to group.
  var owners = AddressTable()
  /// From ``placeKey(ring:kind:index:)`` to place.
  var placeKeys = AddressTable()
  /// From device, queue and tag to the tag's state.
  var tagKeys = AddressTable()

  /// Groups that have not ended, oldest first.
  var firstAlive = noIndex
  var lastAlive = noIndex
  var aliveCount = 0
  /// Groups that have ended.
  var history: History
  var lastID: RequestGroup.ID = 0
  /// Groups alive without a member.
  var idleCount: UInt64 = 0

  /// Names of kernel functions by address.
  var symbols: [UInt64: String] = [:]
  /// Providers by the address of their release function.
  var providers: [UInt64: GroupProvider] = [:]
  /// Bit by `ReleaseFunction`: those that are watched, and since when all of them are.
  var watched: UInt64 = 0
  var watchedTime: UInt64 = 0
  /// ublk's character devices, by their address in the kernel.
  var devices: [UInt64] = []
  /// From ring and descriptor to device: as commands told when they completed.
  var routes: [UInt64: UInt32] = [:]
  var disks: [Name] = []
  /// FUSE requests that a server has with their pages.
  var fuseRequests: [FuseKey: (group: UInt32, id: RequestGroup.ID)] = [:]

  /// What a call of `io_uring_register` was given, until its record comes.
  var argument: record_register_argument?
  /// The block request of the buffer use that comes next.
  var block: record_block?

  /// A FUSE request by how its server's answer will name it: with any of its rings.
  struct FuseKey: Hashable {
    var unique: UInt64
    var tgid: UInt32
    var fd: Int32
  }

  /// A fixed array of C as it is in a record.
  struct Name: Equatable {
    var words = InlineArray<4, UInt64>(repeating: 0)

    init(_ disk: borrowing record_block) {
      withUnsafeBytes(of: disk.disk) { bytes in
        for index in 0..<4 {
          words[index] = bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
        }
      }
    }

    static func == (one: Name, other: Name) -> Bool {
      (0..<4).allSatisfy { one.words[$0] == other.words[$0] }
    }

    var text: String {
      var words = words
      return withUnsafeBytes(of: &words) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
  }

  init(history limit: Int) {
    history = History(limit: limit)
  }

  /// Identifies a registered buffer: its node, of which each slot has one of its own; up to 6.12 the
  /// buffer in its ring.
  static func key(node: UInt64, buffer: UInt64, ring: UInt32) -> UInt64 {
    node != 0 ? node : buffer == 0 ? 0 : buffer &+ (UInt64(ring) &+ 1) << 48
  }

  static func placeKey(ring: UInt32, kind: Buffer.Kind, index: UInt32) -> UInt64 {
    (UInt64(ring) &+ 1) << 33 | (kind == .registered ? 0 : 1) << 32 | UInt64(index)
  }

  // MARK: Groups

  /// The group with this buffer. It may have ended.
  func group(key: UInt64) -> UInt32? {
    guard key != 0, let position = keys.find(key) else { return nil }
    let index = keys[position].index
    return index != noIndex && groups[index].key == key ? index : nil
  }

  /// The group whose buffer's release function gets `priv`. It has not ended.
  func group(priv: UInt64) -> UInt32? {
    guard priv != 0, let position = owners.find(priv) else { return nil }
    let index = owners[position].index
    return index != noIndex && groups[index].priv == priv && !groups[index].isEnded ? index : nil
  }

  mutating func setKey(_ key: UInt64, of group: UInt32) {
    groups[group].key = key
    guard key != 0 else { return }
    if keys.isCrowded {
      keys.removeDead(groups) { entry, groups in groups[entry.index].key == entry.address }
    }
    keys[keys.insert(key)].index = group
  }

  mutating func setPriv(_ priv: UInt64, of group: UInt32) {
    groups[group].priv = priv
    guard priv != 0 else { return }
    if owners.isCrowded {
      owners.removeDead(groups) { entry, groups in
        groups[entry.index].priv == entry.address && !groups[entry.index].isEnded
      }
    }
    owners[owners.insert(priv)].index = group
  }

  mutating func add(_ state: GroupState) -> UInt32 {
    lastID += 1
    let group = groups.take(GroupState())
    groups[group] = state
    groups[group].id = lastID
    groups[group].previous = lastAlive
    if lastAlive == noIndex { firstAlive = group } else { groups[lastAlive].next = group }
    lastAlive = group
    aliveCount += 1
    idleCount += 1
    return group
  }

  /// Takes a group out of those alive, into the history.
  ///
  /// - Returns: the one that falls out of it.
  mutating func retire(_ group: UInt32) -> UInt32? {
    let (previous, next) = (groups[group].previous, groups[group].next)
    if previous == noIndex { firstAlive = next } else { groups[previous].next = next }
    if next == noIndex { lastAlive = previous } else { groups[next].previous = previous }
    aliveCount -= 1
    if groups[group].memberCount == 0 { idleCount -= 1 }
    groups[group].isEnded = true
    let oldest = history.append(group)
    return oldest == noIndex ? nil : oldest
  }

  /// Takes a group away that turned out to be none.
  mutating func discard(_ group: UInt32) {
    let (previous, next) = (groups[group].previous, groups[group].next)
    if previous == noIndex { firstAlive = next } else { groups[previous].next = next }
    if next == noIndex { lastAlive = previous } else { groups[next].previous = previous }
    aliveCount -= 1
    idleCount -= 1
    groups[group].key = 0
    groups[group].priv = 0
    groups[group].id = 0
    groups.give(back: group)
  }

  // MARK: Members

  mutating func append(_ member: RequestGroup.Member, slot: UInt32, to group: UInt32) -> UInt32 {
    let number = members.take(MemberState())
    let last = groups[group].lastMember
    members[number] = MemberState(
      group: group, slot: slot, previous: last, next: noIndex, member: member)
    if last == noIndex { groups[group].firstMember = number } else { members[last].next = number }
    groups[group].lastMember = number
    if groups[group].memberCount == 0, !groups[group].isEnded { idleCount -= 1 }
    groups[group].memberCount &+= 1
    return number
  }

  /// Takes a member out of its group's list; the counts stay.
  mutating func unlink(_ number: UInt32) {
    let group = members[number].group
    let (previous, next) = (members[number].previous, members[number].next)
    if previous == noIndex {
      groups[group].firstMember = next
    } else {
      members[previous].next = next
    }
    if next == noIndex {
      groups[group].lastMember = previous
    } else {
      members[next].previous = previous
    }
  }

  /// Keeps the list short: the oldest that is done goes.
  mutating func dropOldest(of group: UInt32) {
    guard groups[group].keptDone > Self.keptMembers else { return }
    var number = groups[group].firstMember
    while number != noIndex, !members[number].member.isDone { number = members[number].next }
    guard number != noIndex else { return }
    unlink(number)
    members.give(back: number)
    groups[group].keptDone -= 1
  }

  // MARK: Places

  func place(ring: UInt32, kind: Buffer.Kind, index: UInt32) -> UInt32? {
    let key = Self.placeKey(ring: ring, kind: kind, index: index)
    guard let position = placeKeys.find(key) else { return nil }
    let place = placeKeys[position].index
    guard place != noIndex, places[place].ring == ring, places[place].index == index,
      (places[place].kind == .registered) == (kind == .registered)
    else { return nil }
    return place
  }

  /// Makes a place that there is not yet.
  mutating func addPlace(
    ring: UInt32, id: Ring.ID, kind: Buffer.Kind, index: UInt32, next: UInt32
  ) -> UInt32 {
    let place = places.take(BufferSlotState())
    places[place] = BufferSlotState(ring: ring, ringID: id, kind: kind, index: index, next: next)
    if placeKeys.isCrowded {
      placeKeys.removeDead(places) { entry, places in
        let place = places[entry.index]
        return place.ring != noIndex
          && GroupTables.placeKey(ring: place.ring, kind: place.kind, index: place.index)
            == entry.address
      }
    }
    let key = Self.placeKey(ring: ring, kind: kind, index: index)
    placeKeys[placeKeys.insert(key)].index = place
    return place
  }

  mutating func removePlace(_ place: UInt32) {
    places[place].ring = noIndex
    places.give(back: place)
  }

  // MARK: ublk

  /// Number of a device, made if it is not known.
  mutating func device(_ address: UInt64) -> UInt32 {
    if let known = devices.firstIndex(of: address) { return UInt32(known) }
    // A device that is removed leaves its place: there are never many.
    if devices.count >= 4_096 { devices.removeAll() }
    devices.append(address)
    return UInt32(devices.count - 1)
  }

  mutating func disk(_ block: record_block) -> UInt32 {
    let name = Name(block)
    if name.words[0] == 0 { return noIndex }
    if let known = disks.firstIndex(of: name) { return UInt32(known) }
    if disks.count >= 4_096 { disks.removeAll() }
    disks.append(name)
    return UInt32(disks.count - 1)
  }

  /// The state of a queue's tag, made if it is not known.
  mutating func tag(device: UInt32, queue: UInt16, tag: UInt16) -> UInt32 {
    let key = (UInt64(device) + 1) << 32 | UInt64(queue) << 16 | UInt64(tag)
    if let position = tagKeys.find(key), tagKeys[position].index != noIndex {
      return tagKeys[position].index
    }
    if tagKeys.isCrowded { tagKeys.removeDead(tags) { _, _ in true } }
    let number = tags.take(UblkTagState())
    tagKeys[tagKeys.insert(key)].index = number
    return number
  }
}
