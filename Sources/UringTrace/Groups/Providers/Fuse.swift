extension GroupProvider {
  /// FUSE over io_uring with zero copy (7.3).
  public static let fuse = GroupProvider(.fuse)
}

extension GroupProviderTraits {
  // include/uapi/linux/fuse.h. Commands of other files (sockets) have the same numbers; a record_fuse_request
  // identifies those of FUSE. The slot was named only once, in the second half of REGISTER's SQE.
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

  /// Answers the request with the id at offset 8 of the payload, and waits for the next request.
  static let commitAndFetch: UInt32 = 2
}
