extension GroupProvider {
  /// Buffers for one submission, set up by IORING_OP_LOCAL_BUF: a proposal, found by its field and name.
  public static let localBuffer = GroupProvider(.localBuffer)
}

extension GroupProviderTraits {
  // Its other half, for memory of the kernel (kbuf_fn), nobody called.
  static let localBuffer = GroupProviderTraits(
    id: 8, name: "local_buffer", title: "local buffer", acknowledgement: "io_free_rsrc_node",
    isOneTransfer: true)
}
