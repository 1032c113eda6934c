import CRecord
import UringRecords

@testable import UringTrace

/// Functions that add records about buffers. Small numbers stand for nodes (`io_rsrc_node`) and
/// block requests.
extension RecordStream {
  static func node(_ number: Int) -> UInt64 {
    number == 0 ? 0 : 0xffff_8882_0000_0000 + UInt64(number) * 64
  }

  static func block(_ number: Int) -> UInt64 {
    number == 0 ? 0 : 0xffff_8883_0000_0000 + UInt64(number) * 512
  }

  static let ublkRelease: UInt64 = 0xffff_ffff_c000_1000
  static let userRelease: UInt64 = 0xffff_ffff_8100_1000
  static let device: UInt64 = 0xffff_8884_0000_0000

  /// Returns a registered buffer in slot `index`. It is a ublk buffer if `number`, the block
  /// request, is not 0; otherwise it is the application's.
  static func buffer(
    _ node: Int, index: UInt32, address: UInt64 = 0x10_0000, length: UInt64 = 8192,
    block number: Int = 0, direction: UInt8 = 3, references: Int32 = 2, inTable: Bool = true,
    tag: UInt64 = 0
  ) -> record_buffer {
    record_buffer(
      buffer: Self.node(node) + 8, node: Self.node(node), address: number == 0 ? address : 0,
      length: length, priv: number == 0 ? Self.node(node) + 8 : block(number),
      release: number == 0 ? userRelease : ublkRelease, tag: tag, references: references,
      sharers: 1, segments: UInt32(length / 4096), index: index, is_kernel: number == 0 ? 0 : 1,
      direction: direction, in_table: inTable ? 1 : 0, reserved: (0, 0, 0, 0, 0))
  }

  /// Adds the records of a register call that leaves these buffers in the ring's table.
  mutating func registerBuffers(
    _ buffers: [record_buffer], opcode: UInt32 = 0, size: UInt32? = nil, first: UInt32 = 0,
    count: UInt32? = nil, ring: UInt64 = 1
  ) {
    let size = size ?? UInt32(buffers.count)
    tableRead(buffers, opcode: opcode, size: size, first: first, count: count ?? size, ring: ring)
    register(ring, opcode: opcode, files: 0, buffers: size, result: 0)
  }

  mutating func tableRead(
    _ buffers: [record_buffer], opcode: UInt32 = .max, size: UInt32, first: UInt32 = 0,
    count: UInt32, ring: UInt64 = 1
  ) {
    var table = record_buffer_table()
    table.size = size
    table.first = first
    table.count = count
    table.register_opcode = opcode
    add(&table, \.base, .bufferTable, 0, ring: ring)
    for buffer in buffers {
      var slot = record_buffer_slot()
      slot.buffer = buffer
      add(&slot, \.base, .bufferSlot, 0, ring: ring)
    }
  }

  mutating func use(_ request: Int, _ buffer: record_buffer) {
    var use = record_buffer_use()
    use.buffer = buffer
    add(&use, \.base, .bufferUse, request)
  }

  mutating func release(
    ring: UInt64 = 1, node: Int, block number: Int = 0, function: ReleaseFunction = .freeRsrcNode
  ) {
    var release = record_buffer_release()
    release.buffer = Self.node(node) + 8
    release.node = Self.node(node)
    release.priv = number == 0 ? Self.node(node) + 8 : Self.block(number)
    release.release = number == 0 ? Self.userRelease : Self.ublkRelease
    release.function = function
    release.sharers = 1
    add(&release, \.base, .bufferRelease, 0, ring: ring)
  }

  /// Adds the name of a kernel function. An address below 64 is the number of a
  /// ``ReleaseFunction``, and means that this function is traced.
  mutating func symbol(_ address: UInt64, _ name: String = "") {
    var symbol = record_symbol()
    symbol.address = address
    fill(&symbol.name, name)
    add(&symbol, \.base, .symbol, 0, ring: 0)
  }

  mutating func watchReleases() {
    symbol(UInt64(ReleaseFunction.freeRsrcNode.rawValue))
    symbol(Self.ublkRelease, "ublk_io_release [ublk_drv]")
    symbol(Self.userRelease, "io_release_ubuf")
  }

  // MARK: ublk

  mutating func ublk(
    _ request: Int, _ command: UInt32, queue: UInt16 = 0, tag: UInt16 = 0, slot: UInt32 = 0,
    ring: UInt64 = 1, fd: Int32 = 5, userData: UInt64 = 0
  ) {
    submit(request, "URING_CMD", ring: ring, userData: userData) { sqe in
      sqe.fd = fd
      sqe.off = UInt64(command)
      sqe.addr3 = UInt64(queue) | UInt64(tag) << 16
      if command == 0xc010_7523 || command == 0xc010_7524 {
        sqe.pad2 = UInt64(slot)
      } else {
        sqe.addr = UInt64(slot)
      }
    }
  }

  mutating func fetch(_ request: Int, tag: UInt16 = 0, slot: UInt32 = 0, ring: UInt64 = 1) {
    ublk(request, 0xc010_7520, tag: tag, slot: slot, ring: ring)
  }
  mutating func commit(_ request: Int, tag: UInt16 = 0, slot: UInt32 = 0, ring: UInt64 = 1) {
    ublk(request, 0xc010_7521, tag: tag, slot: slot, ring: ring)
  }
  mutating func registerIO(_ request: Int, tag: UInt16 = 0, slot: UInt32 = 0, ring: UInt64 = 1) {
    ublk(request, 0xc010_7523, tag: tag, slot: slot, ring: ring)
  }
  mutating func unregisterIO(_ request: Int, tag: UInt16 = 0, slot: UInt32 = 0, ring: UInt64 = 1) {
    ublk(request, 0xc010_7524, tag: tag, slot: slot, ring: ring)
  }

  /// Completes a ublk command. If `number` is not 0, the completion delivers that block request.
  mutating func complete(
    _ request: Int, command: UInt32, block number: Int, tag: UInt16 = 0, write: Bool = false,
    length: UInt32 = 8192, isAutomatic: Bool = false, isFilled: Bool = true, result: Int32 = 0
  ) {
    var body = record_command()
    body.device = Self.device
    body.command = command
    body.flags = isAutomatic ? 1 << 11 : 1
    if number != 0 {
      body.block.request = Self.block(number)
      body.block.sector = UInt64(number) * 16
      body.block.length = length
      body.block.operation = write ? 1 : 0
      body.block.tag = tag
      body.block.io_flags = isAutomatic && isFilled ? 0x12 : 2
      CharArray.set(&body.block.disk, to: "ublkb0")
    }
    add(&body, \.base, .command, request)
    complete(request, result)
  }

  /// Completes a ublk command with the delivery of an I/O.
  mutating func deliver(
    _ request: Int, block number: Int, tag: UInt16 = 0, write: Bool = false, length: UInt32 = 8192,
    isAutomatic: Bool = false, isFilled: Bool = true, isFetch: Bool = true
  ) {
    complete(
      request, command: isFetch ? 0xc010_7520 : 0xc010_7521, block: number, tag: tag,
      write: write, length: length, isAutomatic: isAutomatic, isFilled: isFilled)
  }
}

extension Snapshot {
  func groups(_ provider: GroupProvider) -> [RequestGroup] {
    groups.filter { $0.provider == provider }.sorted { $0.id < $1.id }
  }
}

extension RequestGroup {
  var tags: [String] { conditions.map { "\($0.name)" } }
}
