import UringTrace

extension FieldSet<DiskRequest> {
  /// The fields of block requests at their drivers.
  public static let diskRequests = FieldSet(
    "disk requests",
    [
      Field("request", .number, .nullable, meaning: "The io_uring request; null for others.") {
        disk, _ in .integer(disk.request)
      },
      Field("disk", .text, meaning: "The device.") { disk, _ in .text(disk.block.device) },
      Field("queue", .number, meaning: "The hardware queue.") { disk, _ in
        .integer(disk.block.queue)
      },
      Field("tag", .number, meaning: "The tag in the queue.") { disk, _ in
        .integer(disk.block.tag)
      },
      Field("op", .text, meaning: "The operation: `read`, `write` and others.") { disk, _ in
        .text(disk.block.operationName)
      },
      Field(
        "sector", .number, .nullable, meaning: "The first sector, of 512 bytes; null for a flush."
      ) {
        disk, _ in .integer(disk.block.sector)
      },
      Field("length", .bytes, .nullable, meaning: "The length.") { disk, _ in
        .integer(disk.block.length)
      },
      Field("start", .time, .nullable, meaning: "Time at which the block layer started it.") {
        disk, _ in
        .unlessZero(disk.startTime)
      },
      Field("driver", .time, .nullable, meaning: "Time at which its driver received it.") {
        disk, _ in
        .unlessZero(disk.driverTime)
      },
      Field("server_pid", .number, .nullable, meaning: "The server of a ublk device.") { disk, _ in
        .unlessZero(disk.serverTgid)
      },
      Field(
        "with_server", .flag, .nullable,
        meaning: "True if the server of a ublk device has it and has not committed it."
      ) { disk, _ in
        disk.serverTgid != 0 || disk.isWithServer ? .flag(disk.isWithServer) : .none
      },
      Field("time", .time, meaning: "Time of the look at the driver.") { disk, _ in
        .number(disk.time)
      },
    ])
}
