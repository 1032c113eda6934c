import CRecord

/// A submission queue entry as the application wrote it: the first 64 bytes.
///
/// The meaning of a field depends on the opcode (include/uapi/linux/io_uring.h).
public typealias SQE = record_sqe
