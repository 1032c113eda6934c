extension GroupProvider {
  /// A kernel buffer for one submission: a proposal, found by its fields.
  public static let localBuffer = GroupProvider(.localBuffer)
}

extension GroupProviderTraits {
  static let localBuffer = GroupProviderTraits(
    id: 8, name: "local_buffer", title: "local buffer", acknowledgement: "kbuf_fn",
    isOneTransfer: true)
}
