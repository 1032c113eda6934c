extension GroupProvider {
  /// ublk with `UBLK_F_AUTO_BUF_REG` (6.16 and later): the driver fills the slot when it delivers
  /// an I/O.
  public static let ublkAuto = GroupProvider(.ublkAuto)
}

extension GroupProviderTraits {
  // _IOWR('u', 0x20, struct ublksrv_io_cmd) and 0x21. The slot is in the low 16 bits of sqe->addr
  // (struct ublk_auto_buf_reg).
  static let ublkAuto = GroupProviderTraits(
    id: 3, name: "ublk_auto", title: "ublk, automatic", releases: ["ublk_io_release"],
    commands: [
      Command(
        number: 0xc010_7520, name: "UBLK_U_IO_FETCH_REQ", role: .deliver, slot: .address),
      Command(
        number: 0xc010_7521, name: "UBLK_U_IO_COMMIT_AND_FETCH_REQ", role: .commitAndDeliver,
        slot: .address),
      // UBLK_F_BATCH_IO (7.2): these commands have a struct ublk_batch_io.
      Command(number: 0xc010_7525, name: "UBLK_U_IO_PREP_IO_CMDS", role: .batch, slot: .none),
      Command(number: 0xc010_7526, name: "UBLK_U_IO_COMMIT_IO_CMDS", role: .batch, slot: .none),
      Command(
        number: 0xc010_7527, name: "UBLK_U_IO_FETCH_IO_CMDS", role: .deliverBatch, slot: .none),
    ],
    acknowledgement: "ublk_io_release",
    rules: GroupRules(lifecycle: .slot, isOneTransfer: true, isAutomatic: true))
}
