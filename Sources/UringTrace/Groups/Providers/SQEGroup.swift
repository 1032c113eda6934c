extension GroupProvider {
  /// SQE groups with a buffer of the leader: a patch series, found by its fields.
  public static let sqeGroup = GroupProvider(.sqeGroup)
}

extension GroupProviderTraits {
  // The number is that of UBLK_U_IO_REGISTER_IO_BUF, which ublk has elsewhere.
  static let sqeGroup = GroupProviderTraits(
    id: 7, name: "sqe_group", title: "SQE group", releases: ["ublk_io_buf_giveback_cb"],
    commands: [
      Command(number: 0xc010_7523, name: "UBLK_U_IO_PROVIDE_IO_BUF", role: .register, slot: .none)
    ],
    acknowledgement: "grp_kbuf_ack", isOneTransfer: true)
}
