extension GroupProvider {
  /// FUSE over io_uring with zero copy (7.3).
  public static let fuse = GroupProvider(.fuse)
}

extension GroupProviderTraits {
  // include/uapi/linux/fuse.h. Other files' commands have these numbers, too (sockets'): a
  // record_fuse_request tells which are FUSE's. The slot was named once, in the second half of the SQE of
  // REGISTER.
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

  /// Answers the request with the id at offset 8 of the payload, and waits for the next.
  static let commitAndFetch: UInt32 = 2
}
