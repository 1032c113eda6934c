import BPFObjects
import CBPF
import CProbe
import UringBase

/// The BPF iterators over descriptors and threads, loaded and attached.
struct WaitObject: ~Copyable {
  private let object: BPFObject
  private let listFiles: BPFObject.Iterator
  private let listTasks: BPFObject.Iterator

  init(configuration: probe_config, kernel: KernelBTF) throws(ProbeError) {
    var object = try BPFObject(.waits, kernel.relocationTypes)
    try object.configure(configuration)
    try object.load(on: kernel)
    let (listFiles, listTasks) = (
      try object.attachIterator("list_files"), try object.attachIterator("list_tasks")
    )
    self.listFiles = listFiles
    self.listTasks = listTasks
    self.object = object
  }

  /// Returns every descriptor of a pipe, socket or anonymous inode, and every registered file of
  /// that type in the tables of rings.
  func files() throws(ProbeError) -> [probe_open_file] {
    try Self.run(listFiles)
  }

  /// Returns every thread of the machine.
  func tasks() throws(ProbeError) -> [probe_task] {
    try Self.run(listTasks)
  }

  private static func run<Element: BitwiseCopyable>(
    _ iterator: borrowing BPFObject.Iterator
  ) throws(ProbeError) -> [Element] {
    var output: [UInt8] = []
    try iterator.run(into: &output)
    let size = MemoryLayout<Element>.size
    return output.withUnsafeBytes { bytes in
      stride(from: 0, through: bytes.count - size, by: size).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: Element.self)
      }
    }
  }
}
