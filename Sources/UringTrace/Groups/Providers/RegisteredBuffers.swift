extension GroupProvider {
  /// Buffers that the application registered: IORING_REGISTER_BUFFERS and related calls.
  public static let registered = GroupProvider(.registered)
}

extension GroupProviderTraits {
  // 6.1 and 6.12 free a buffer in io_buffer_unmap, later kernels in its release function.
  static let registered = GroupProviderTraits(
    id: 1, name: "registered", title: "registered buffer",
    releases: ["io_release_ubuf", "io_buffer_unmap"], acknowledgement: "io_release_ubuf",
    rules: GroupRules(lifecycle: .slot, isOwnMemory: true, isProvisional: true))
}
