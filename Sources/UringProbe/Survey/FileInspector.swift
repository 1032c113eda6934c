import CBPF
import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Queries the state of the files on which requests in flight operate.
///
/// Only files that the kernel handles without another program are queried. A program that serves a
/// file system (FUSE) may never answer.
enum FileInspector {
  /// The state of a file.
  private struct Answer {
    var pollEvents: UInt32
    var receiveBytes: Int64
    var sendBytes: Int64
    var text: String
    /// Name of the pipe if the file is one: `pipe:[inode]`.
    var pipe: String?
    /// True if the descriptor is open for reading, so that the request may wait to read from the
    /// pipe.
    var isReader = true
  }

  private struct Descriptor: Hashable {
    var tgid: UInt32
    var fd: Int32
  }

  /// Queries the files of requests that an inventory has just found; for SPLICE and TEE, the input
  /// files. Skips a file if no descriptor of the request's process refers to it.
  ///
  /// - Parameters:
  ///   - requests: the requests found in flight.
  ///   - inputs: the input files of SPLICE and TEE, by address of the request.
  ///   - fixedFiles: registered sockets and pipes.
  static func look(
    at requests: [record_parked], inputs: [UInt64: record_request_file] = [:],
    _ fixedFiles: [RecordBuffer.FixedFile: RecordBuffer.NamedFile], time: UInt64,
    into records: inout RecordBuffer
  ) {
    var answers: [Descriptor: Answer] = [:]
    var open = OpenFiles()
    var systems = FileSystems()
    var descriptors: [UInt64: Descriptor] = [:]
    for parked in requests {
      if let input = inputs[parked.base.req] {
        let descriptor = Descriptor(tgid: parked.tgid, fd: input.fd)
        guard let answer = answers[descriptor] ?? ask(descriptor, input.file, &systems)
        else { continue }
        answers[descriptor] = answer
        descriptors[parked.base.req] = descriptor
        continue
      }
      let opcode = Opcode(rawValue: parked.base.opcode)
      guard opcode != .splice, opcode != .tee, parked.known & UInt8(RECORD_KNOWS_FD) != 0,
        parked.fd >= 0, parked.tgid != 0
      else { continue }
      var descriptor = Descriptor(tgid: parked.tgid, fd: parked.fd)
      if SQEFlags(requestFlags: parked.flags).contains(.fixedFile) {
        let slot = RecordBuffer.FixedFile(ring: parked.base.ctx, index: UInt32(parked.fd))
        guard let file = fixedFiles[slot], let fd = open.descriptor(of: file, in: parked.tgid)
        else { continue }
        descriptor.fd = fd
      }
      descriptors[parked.base.req] = descriptor
      guard answers[descriptor] == nil else { continue }
      answers[descriptor] = ask(descriptor, parked.file, &systems)
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

  /// Descriptors by process and file name, to find a descriptor of a registered file.
  private struct OpenFiles {
    private var known: [UInt32: [String: [Int32]]] = [:]

    private static let mostDescriptors = 1 << 14

    /// Returns a descriptor of the process with the file's name and access mode; nil if there is
    /// none. The mode is compared because both ends of a pipe have the same name.
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

  /// Queries the state of the file behind a descriptor; nil if the file must not be queried.
  ///
  /// - Parameter identity: the file to which the descriptor must refer.
  private static func ask(
    _ file: Descriptor, _ identity: record_file_identity, _ systems: inout FileSystems
  ) -> Answer? {
    guard let name = DescriptorCopy.name(file.fd, of: file.tgid),
      answers(name, in: file.tgid, &systems)
    else { return nil }
    return DescriptorCopy.ask(file.fd, of: file.tgid) { descriptor -> Answer? in
      var status = stat()
      guard fstat(descriptor, &status) == 0, identity.file == 0 || status.st_ino == identity.inode
      else { return nil }
      var question = pollfd(fd: descriptor, events: 0x7FF, revents: 0)
      guard poll(&question, 1, 0) >= 0 else { return nil }
      let (isPipe, isSocket) = (DescriptorCopy.isPipe(name), DescriptorCopy.isSocket(name))
      let isAnonymous = !isPipe && !isSocket
      let fdinfo =
        isAnonymous ? Procfs.text("/proc/\(file.tgid)/fdinfo/\(file.fd)") ?? "" : ""
      return Answer(
        pollEvents: UInt32(UInt16(bitPattern: question.revents)),
        receiveBytes: cbpf_pending_bytes(descriptor, false),
        sendBytes: isSocket ? cbpf_pending_bytes(descriptor, true) : -1,
        text: isSocket
          ? SocketDescription(descriptor).text
          : isAnonymous ? AnonymousDescription(name, fdinfo).text : "",
        pipe: isPipe ? name : nil,
        isReader: fcntl(descriptor, F_GETFL) & O_ACCMODE != O_WRONLY)
    }
  }

  /// True if the kernel answers a query of the file without another program.
  ///
  /// An epoll instance queries all files that it watches. So it passes only if the process sees no
  /// file system that a program serves.
  private static func answers(
    _ name: String, in tgid: UInt32, _ systems: inout FileSystems
  ) -> Bool {
    if name == "anon_inode:[eventpoll]" {
      return !systems.includeServed(in: tgid)
    }
    return DescriptorCopy.isPipe(name) || DescriptorCopy.isSocket(name)
      || DescriptorCopy.isAnonymous(name)
  }
}
