import CBPF
import Glibc
import UringBase

/// Descriptors of modules' BTF objects. The kernel requires such a descriptor to attach a program
/// to a function of a module. Opening one needs CAP_SYS_ADMIN.
final class ModuleTypes {
  private var descriptors: [String: Int32] = [:]

  deinit { for descriptor in descriptors.values { close(descriptor) } }

  func descriptor(of module: String) throws(ProbeError) -> Int32 {
    if let descriptor = descriptors[module] { return descriptor }
    var id: UInt32 = 0
    while bpf_btf_get_next_id(id, &id) == 0 {
      let descriptor = bpf_btf_get_fd_by_id(id)
      guard descriptor >= 0 else { continue }
      if Self.name(of: descriptor) == module {
        descriptors[module] = descriptor
        return descriptor
      }
      close(descriptor)
    }
    throw ProbeError(
      .refused, "cannot read the BTF of module \(module): \(errorText(errno))")
  }

  private static func name(of descriptor: Int32) -> String? {
    var name = [CChar](repeating: 0, count: 64)
    var info = bpf_btf_info()
    var size = UInt32(MemoryLayout<bpf_btf_info>.size)
    let result = name.withUnsafeMutableBufferPointer { buffer in
      info.name = UInt64(UInt(bitPattern: buffer.baseAddress))
      info.name_len = UInt32(buffer.count)
      return bpf_obj_get_info_by_fd(descriptor, &info, &size)
    }
    return result == 0 ? CString.decode(name) : nil
  }
}
