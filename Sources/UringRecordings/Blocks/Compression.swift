import CZstd
import Glibc

/// Compresses blocks: the only code that calls zstd's encoder.
final class BlockCompressor {
  private let context: OpaquePointer

  /// The fastest level. Higher levels make no smaller files, because records as differences are
  /// already short.
  private static let level: Int32 = 1

  init() {
    guard let context = ZSTD_createCCtx() else { fatalError("out of memory") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Returns the number of bytes written to `output`; nil if the compressed bytes do not fit.
  func compress(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let result = ZSTD_compress2(
      context, output.baseAddress, output.count, input.baseAddress, input.count)
    return ZSTD_isError(result) == 0 ? result : nil
  }
}

/// Decompresses blocks: the only code that calls zstd's decoder. Callable from any thread, but by
/// only one at a time.
final class BlockDecompressor: @unchecked Sendable {
  private let context: OpaquePointer

  init() {
    guard let context = ZSTD_createDCtx() else { fatalError("out of memory") }
    self.context = context
  }

  deinit { ZSTD_freeDCtx(context) }

  /// Returns the number of bytes written to `output`; nil if the input is not a zstd frame, or if
  /// its content does not fit.
  func decompress(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let result = ZSTD_decompressDCtx(
      context, output.baseAddress, output.count, input.baseAddress, input.count)
    return ZSTD_isError(result) == 0 ? result : nil
  }
}
