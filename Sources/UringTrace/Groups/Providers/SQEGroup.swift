extension GroupProvider {
  /// SQE groups with a buffer of the leader: a patch series, found by its fields.
  public static let sqeGroup = GroupProvider(.sqeGroup)
}

extension GroupProviderTraits {
  static let sqeGroup = GroupProviderTraits(
    id: 7, name: "sqe_group", title: "SQE group", releases: ["ublk_io_buf_giveback_cb"],
    acknowledgement: "grp_kbuf_ack", isOneTransfer: true)
}
