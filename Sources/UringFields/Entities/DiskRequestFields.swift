import UringTrace

extension FieldSet<DiskRequest> {
  /// The fields of block requests at their drivers.
  public static let diskRequests = FieldSet(
    "disk requests",
    [
      Field(
        "request", .number, .nullable,
        meaning: "Id of the io_uring request for which the block request is; null if none is known."
      ) {
        disk, _ in .integer(disk.request)
      },
      Field("disk", .text, meaning: "The block device.") { disk, _ in .text(disk.block.device) },
      Field("queue", .number, meaning: "Hardware queue of the device.") { disk, _ in
        .integer(disk.block.queue)
      },
      Field("tag", .number, meaning: "Tag of the block request in its hardware queue.") { disk, _ in
        .integer(disk.block.tag)
      },
      Field("op", .text, meaning: "Operation of the block request: `read`, `write` and others.") {
        disk, _ in
        .text(disk.block.operationName)
      },
      Field(
        "sector", .number, .nullable,
        meaning: "First sector, in units of 512 bytes; null for a flush."
      ) {
        disk, _ in .integer(disk.block.sector)
      },
      Field("length", .bytes, .nullable, meaning: "Length of the block request.") { disk, _ in
        .integer(disk.block.length)
      },
      Field(
        "start", .time, .nullable,
        meaning: "Time at which the block layer started the block request."
      ) {
        disk, _ in
        .unlessZero(disk.startTime)
      },
      Field(
        "driver", .time, .nullable, meaning: "Time at which the driver received the block request."
      ) {
        disk, _ in
        .unlessZero(disk.driverTime)
      },
      Field(
        "server_pid", .number, .nullable,
        meaning: "Process that serves the ublk device; null for other devices."
      ) { disk, _ in
        .unlessZero(disk.serverTgid)
      },
      Field(
        "with_server", .flag, .nullable,
        meaning:
          "True if the server of a ublk device has the block request and has not committed it."
      ) { disk, _ in
        disk.serverTgid != 0 || disk.isWithServer ? .flag(disk.isWithServer) : .none
      },
      Field("time", .time, meaning: "Time at which the driver's block requests were read.") {
        disk, _ in
        .number(disk.time)
      },
    ])
}
