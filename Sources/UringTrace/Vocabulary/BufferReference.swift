/// A buffer that a request names by index or group, not by address.
public enum BufferReference: Hashable, Sendable {
  /// A buffer registered with the ring, by index.
  case registered(UInt16)
  /// A buffer to be chosen from a group of provided buffers.
  case group(UInt16)
}

extension Request.Core {
  /// The buffer reference in the SQE; nil if the SQE is unknown or gives an address.
  public var bufferReference: BufferReference? {
    guard knows(.buffer) else { return nil }
    if SQEFlags(rawValue: sqe.flags).contains(.bufferSelect) { return .group(sqe.buf_index) }
    let properties = opcode.properties
    return properties.usesFixedBuffer || properties.fixedBufferFlag.isSet(in: sqe)
      ? .registered(sqe.buf_index) : nil
  }
}
