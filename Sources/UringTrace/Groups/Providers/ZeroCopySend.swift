extension GroupProvider {
  /// SEND_ZC and SENDMSG_ZC: the network stack borrows the application's memory (6.0 and later).
  public static let sendZC = GroupProvider(.sendZC)
}

extension GroupProviderTraits {
  static let sendZC = GroupProviderTraits(
    id: 5, name: "send_zc", title: "zero-copy send", acknowledgement: "IORING_CQE_F_NOTIF")
}
