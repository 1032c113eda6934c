extension GroupProvider {
  /// FUSE over io_uring with zero copy (7.3).
  public static let fuse = GroupProvider(.fuse)
}

extension GroupProviderTraits {
  // include/uapi/linux/fuse.h. Commands of other files (sockets) have the same numbers, so only a
  // record_fuse_request identifies a command as one of FUSE. The slot is named only once, in the
  // second half of the 128-byte SQE of REGISTER.
  static let fuse = GroupProviderTraits(
    id: 4, name: "fuse", title: "FUSE", releases: ["fuse_zero_copy_release"],
    commands: [
      Command(number: 1, name: "FUSE_IO_URING_CMD_REGISTER", role: .deliver, slot: .none),
      Command(
        number: commitAndFetch, name: "FUSE_IO_URING_CMD_COMMIT_AND_FETCH",
        role: .commitAndDeliver, slot: .none),
    ],
    acknowledgement: "fuse_zero_copy_release",
    rules: GroupRules(lifecycle: .slot, isOneTransfer: true))

  /// Answers the FUSE request whose id is at offset 8 of the payload, then waits for the next one.
  static let commitAndFetch: UInt32 = 2
}
