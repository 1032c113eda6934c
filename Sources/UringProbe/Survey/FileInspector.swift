import CBPF
import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Asks the files of requests what they report now. Only files that answer without anybody's help: of a
/// file system in user space a question may never return.
enum FileInspector {
  /// What a file says.
  private struct Answer {
    var pollEvents: UInt32
    var receiveBytes: Int64
    var sendBytes: Int64
    var text: String
    /// Of a pipe, its name: `pipe:[inode]`.
    var pipe: String?
    /// Of a pipe, whether the request waits to read.
    var isReader = true
  }

  private struct Descriptor: Hashable {
    var tgid: UInt32
    var fd: Int32
  }

  /// Looks at the files of requests that were just found, where a descriptor of their process still names
  /// them.
  static func look(
    at requests: [record_parked],
    _ fixedFiles: [RecordBuffer.FixedFile: RecordBuffer.NamedFile], time: UInt64,
    into records: inout RecordBuffer
  ) {
    var answers: [Descriptor: Answer] = [:]
    var open = OpenFiles()
    var descriptors: [UInt64: Descriptor] = [:]
    for parked in requests {
      guard parked.known & UInt8(RECORD_KNOWS_FD) != 0, parked.fd >= 0, parked.tgid != 0 else {
        continue
      }
      var descriptor = Descriptor(tgid: parked.tgid, fd: parked.fd)
      if SQEFlags(requestFlags: parked.flags).contains(.fixedFile) {
        let slot = RecordBuffer.FixedFile(ring: parked.base.ctx, index: UInt32(parked.fd))
        guard let file = fixedFiles[slot], let fd = open.descriptor(of: file, in: parked.tgid)
        else { continue }
        descriptor.fd = fd
      }
      descriptors[parked.base.req] = descriptor
      guard answers[descriptor] == nil else { continue }
      answers[descriptor] = ask(descriptor)
    }
    let ends = PipeEnds(
      of: Set(answers.values.compactMap(\.pipe)), registered: Array(fixedFiles.values))
    for (descriptor, answer) in answers {
      guard let pipe = answer.pipe else { continue }
      answers[descriptor]?.text = ends.describe(pipe, writers: answer.isReader)
    }
    for parked in requests {
      guard let answer = descriptors[parked.base.req].flatMap({ answers[$0] }) else { continue }
      let text = Array(answer.text.utf8)
      records.append(
        record_file_state.self, at: time, ring: parked.base.ctx, request: parked.base.req,
        text: text
      ) {
        $0.poll_events = answer.pollEvents
        $0.length = UInt32(text.count)
        $0.receive_bytes = answer.receiveBytes
        $0.send_bytes = answer.sendBytes
      }
    }
  }

  /// Descriptors of processes by what they refer to: a registered file may have one as well.
  private struct OpenFiles {
    private var known: [UInt32: [String: [Int32]]] = [:]

    private static let mostDescriptors = 1 << 14

    /// One that was opened as the file was: both ends of a pipe have the same name.
    mutating func descriptor(of file: RecordBuffer.NamedFile, in tgid: UInt32) -> Int32? {
      if known[tgid] == nil {
        var files: [String: [Int32]] = [:]
        for entry in Procfs.entries("/proc/\(tgid)/fd").prefix(Self.mostDescriptors) {
          if let fd = Int32(entry), let link = Procfs.link("/proc/\(tgid)/fd/\(fd)") {
            files[String(decoding: link, as: UTF8.self), default: []].append(fd)
          }
        }
        known[tgid] = files
      }
      return known[tgid]?[file.name]?.first { fd in
        guard let text = Procfs.text("/proc/\(tgid)/fdinfo/\(fd)"),
          let flags = Procfs.field("flags", of: text, radix: 8)
        else { return false }
        let mode = Int32(truncatingIfNeeded: flags) & O_ACCMODE
        return (mode != O_WRONLY) == file.canRead && (mode != O_RDONLY) == file.canWrite
      }
    }
  }

  private static func ask(_ file: Descriptor) -> Answer? {
    guard let link = Procfs.link("/proc/\(file.tgid)/fd/\(file.fd)") else { return nil }
    let isPipe = link.starts(with: "pipe:".utf8)
    let isSocket = link.starts(with: "socket:".utf8)
    guard isPipe || isSocket || link.starts(with: "anon_inode:".utf8) else { return nil }
    let descriptor = cbpf_take_descriptor(pid_t(file.tgid), file.fd)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var question = pollfd(fd: descriptor, events: 0x7FF, revents: 0)
    guard poll(&question, 1, 0) >= 0 else { return nil }
    return Answer(
      pollEvents: UInt32(UInt16(bitPattern: question.revents)),
      receiveBytes: cbpf_pending_bytes(descriptor, false),
      sendBytes: isSocket ? cbpf_pending_bytes(descriptor, true) : -1,
      text: isSocket ? SocketDescription(descriptor).text : "",
      pipe: isPipe ? String(decoding: link, as: UTF8.self) : nil,
      isReader: fcntl(descriptor, F_GETFL) & O_ACCMODE != O_WRONLY)
  }
}

/// A socket's kind and addresses: "tcp 10.0.0.1:80, peer 10.0.0.2:4711".
struct SocketDescription {
  private(set) var text: String

  init(_ descriptor: Int32) {
    var type: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length)
    let own = Self.address { getsockname(descriptor, $0, $1) }
    let peer = Self.address { getpeername(descriptor, $0, $1) }
    let family = own?.family ?? AF_UNSPEC
    text = Self.kind(family: family, type: type)
    if let own, !own.text.isEmpty { text += " " + own.text }
    if let peer, !peer.text.isEmpty { text += ", peer " + peer.text }
  }

  private static func kind(family: Int32, type: Int32) -> String {
    let isStream = type == Int32(SOCK_STREAM.rawValue)
    let isDatagram = type == Int32(SOCK_DGRAM.rawValue)
    switch family {
    case AF_INET, AF_INET6: return isStream ? "tcp" : isDatagram ? "udp" : "inet"
    case AF_UNIX: return isStream ? "unix stream" : isDatagram ? "unix datagram" : "unix"
    default: return "family \(family)"
    }
  }

  private static func address(
    _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> (family: Int32, text: String)? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask($0, &length) }
    }
    guard result == 0 else { return nil }
    let family = Int32(storage.ss_family)
    return withUnsafeBytes(of: storage) { bytes in
      let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
      switch family {
      case AF_INET: return (family, "\(number(family, bytes, at: 4)):\(port)")
      case AF_INET6: return (family, "[\(number(family, bytes, at: 8))]:\(port)")
      case AF_UNIX:
        // an abstract name begins with a zero
        let path = bytes[2..<max(2, min(Int(length), bytes.count))]
        let isAbstract = path.first == 0
        let name = harmless((isAbstract ? path.dropFirst() : path).prefix { $0 != 0 })
        return (family, isAbstract && !name.isEmpty ? "@" + name : name)
      default: return (family, "")
      }
    }
  }

  private static func number(
    _ family: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) -> String {
    var text = [CChar](repeating: 0, count: 64)
    guard inet_ntop(family, bytes.baseAddress! + offset, &text, socklen_t(text.count)) != nil else {
      return "?"
    }
    return CString.decode(text)
  }
}
