extension GroupProvider {
  /// Provided buffers: IORING_REGISTER_PBUF_RING and PROVIDE_BUFFERS.
  public static let provided = GroupProvider(.provided)
}

extension GroupProviderTraits {
  static let provided = GroupProviderTraits(id: 6, name: "provided", title: "provided buffers")
}
