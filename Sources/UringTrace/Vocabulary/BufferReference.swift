/// The buffer that a request names other than by its address.
public enum BufferReference: Hashable, Sendable {
  /// Registered with the ring, by index.
  case registered(UInt16)
  /// To be chosen from a group of provided buffers.
  case group(UInt16)
}

extension Request {
  /// nil where the SQE is not known or gives an address.
  public var bufferReference: BufferReference? {
    guard knows(.buffer) else { return nil }
    if SQEFlags(rawValue: sqe.flags).contains(.bufferSelect) { return .group(sqe.buf_index) }
    let properties = opcode.properties
    return properties.usesFixedBuffer || properties.fixedBufferFlag.isSet(in: sqe)
      ? .registered(sqe.buf_index) : nil
  }
}
