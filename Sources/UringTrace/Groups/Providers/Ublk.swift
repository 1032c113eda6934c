extension GroupProvider {
  /// ublk, `UBLK_U_IO_REGISTER_IO_BUF` and `UBLK_U_IO_UNREGISTER_IO_BUF` (6.15 and later).
  public static let ublk = GroupProvider(.ublk)
}

extension GroupProviderTraits {
  // include/uapi/linux/ublk_cmd.h: _IOWR('u', 0x23, struct ublksrv_io_cmd) and 0x24. The slot is
  // ublksrv_io_cmd.addr, not sqe->buf_index.
  static let ublk = GroupProviderTraits(
    id: 2, name: "ublk", title: "ublk", releases: ["ublk_io_release"],
    commands: [
      Command(
        number: 0xc010_7523, name: "UBLK_U_IO_REGISTER_IO_BUF", role: .register, slot: .payload),
      Command(
        number: 0xc010_7524, name: "UBLK_U_IO_UNREGISTER_IO_BUF", role: .unregister,
        slot: .payload),
    ],
    acknowledgement: "ublk_io_release",
    rules: GroupRules(lifecycle: .slot, isOneTransfer: true, automaticVariant: .ublkAuto))
}
