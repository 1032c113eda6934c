extension GroupProvider {
  /// FUSE over io_uring with zero copy (7.3).
  public static let fuse = GroupProvider(.fuse)
}

extension GroupProviderTraits {
  // Its commands have the numbers 1 and 2, as those of sockets: known by the release function alone.
  static let fuse = GroupProviderTraits(
    id: 4, name: "fuse", title: "FUSE", releases: ["fuse_zero_copy_release"],
    acknowledgement: "fuse_zero_copy_release", isOneTransfer: true)
}
