import CRecord
import UringRecords

/// Stacks, file states and block requests from inventory walks (BPF iterators over kernel
/// structures). The walks' results about rings and io_uring requests are elsewhere.
struct InventoryTracker {
  /// Maximum number of kernel stacks kept, and of file states kept.
  private static var examinedLimit: Int { 512 }
  /// Maximum number of block requests: more than a machine's devices have in flight.
  private static var mostDiskRequests: Int { 1 << 15 }

  private var kernelStacks = BoundedCache<UInt32, KernelStack>(limit: examinedLimit)
  private var fileStates = BoundedCache<Request.ID, FileState>(limit: examinedLimit)
  private var ublkSlots = BoundedCache<Request.ID, UblkSlot>(limit: 1 << 14)
  private var userStacks = BoundedCache<UserStackKey, [String]>(limit: 1 << 14)
  /// Block requests of the last walk over the devices' tags.
  private var diskRequests: [DiskRequest] = []

  mutating func kernelStack(_ record: UnsafePointer<record_kernel_stack>, text: String) {
    kernelStacks[record.pointee.base.tid] = KernelStack(
      frames: text.split(separator: "\n").map(String.init),
      areNamesHidden: record.pointee.are_hidden != 0, time: record.pointee.base.time_ns)
  }

  mutating func fileState(
    _ record: UnsafePointer<record_file_state>, text: String, of request: Request.ID
  ) {
    fileStates[request] = FileState(
      pollEvents: record.pointee.poll_events,
      receiveBytes: record.pointee.receive_bytes < 0 ? nil : record.pointee.receive_bytes,
      sendBytes: record.pointee.send_bytes < 0 ? nil : record.pointee.send_bytes,
      text: text, time: record.pointee.base.time_ns)
  }

  mutating func ublkSlot(_ bits: UInt32, of request: Request.ID) {
    ublkSlots[request] = UblkSlot(
      queue: UInt16(bits >> 16 & 0x7FFF), tag: UInt16(truncatingIfNeeded: bits))
  }

  mutating func userStack(_ record: UnsafePointer<record_user_stack>, text: String) {
    let key = UserStackKey(tgid: record.pointee.tgid, stack: record.pointee.stack)
    userStacks[key] = text.split(separator: "\n").map(String.init)
  }

  /// - Parameter request: the io_uring request that the block request serves; nil if unknown.
  mutating func diskRequest(
    _ record: UnsafePointer<record_disk_request>, servedBy request: Request.ID?
  ) {
    let block = record.pointee.block
    // The first record of a walk has no block request. It voids the results of the previous walk.
    guard block.request != 0 else {
      diskRequests = []
      return
    }
    guard diskRequests.count < Self.mostDiskRequests else { return }
    var io = GroupBuffer.UblkIO()
    io.device = CharArray.string(block.disk)
    io.queue = block.queue
    io.tag = block.tag
    io.operation = UInt8(truncatingIfNeeded: block.operation)
    io.sector = GroupBuffer.UblkIO.sector(block.sector)
    io.length = block.length
    diskRequests.append(
      DiskRequest(
        request: request, block: io, startTime: record.pointee.start_ns,
        driverTime: record.pointee.issued_ns, serverTgid: record.pointee.server_tgid,
        isWithServer: record.pointee.with_server != 0, time: record.pointee.base.time_ns))
  }

  /// Adds the walks' results to a snapshot.
  func describe(_ snapshot: inout Snapshot) {
    snapshot.kernelStacks = kernelStacks.entries
    snapshot.fileStates = fileStates.entries
    snapshot.diskRequests = diskRequests
    snapshot.ublkSlots = ublkSlots.entries
    snapshot.userStacks = userStacks.entries
  }
}
