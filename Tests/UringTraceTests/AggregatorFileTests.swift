import CRecord
import Testing
import UringRecords
import UringTrace

/// Tests of the file that a request works on. The request's descriptor may refer to another file
/// later.
@Suite struct AggregatorFileTests {
  private let path = file(inode: 1, system: 0xef53)
  private let pipe = file(inode: 2, system: 0x5049_5045)
  private let socket = file(inode: 3, system: 0x534f_434b)

  private static func file(inode: UInt64, system: UInt32) -> record_file_identity {
    var file = record_file_identity()
    file.file = 0xffff_8880_0000_0000 + inode
    file.inode = inode
    file.file_system = system
    return file
  }

  @Test func aNameIsThatOfTheFileAndNotOfTheDescriptor() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ", userData: 7)
    stream.fileGet(1, file: path)
    stream.submit(2, "READ", userData: 8)
    stream.fileGet(2, file: pipe)
    stream.knownFile(path, "/tmp/data")
    let snapshot = stream.snapshot()
    #expect(snapshot.fileNames.name(of: try #require(snapshot.inFlight(7))) == "/tmp/data")
    #expect(snapshot.fileNames.name(of: try #require(snapshot.inFlight(8))) == "pipe:[2]")
  }

  @Test func aNameByNumberIsNotGivenToAKnownFile() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ", userData: 7) { $0.fd = 3 }
    stream.fileName(fd: 3, "/tmp/other")
    let before = stream.snapshot()
    #expect(before.fileNames.name(of: try #require(before.inFlight(7))) == "/tmp/other")
    stream.fileGet(1, file: path)
    let after = stream.snapshot()
    #expect(after.fileNames.name(of: try #require(after.inFlight(7))) == nil)
  }

  @Test func aClosedFileIsDescribedWithWhatHasItsDescriptorNow() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "RECV", userData: 7)
    stream.fileGet(1, file: socket)
    stream.knownFile(socket, isClosed: true, "socket:[9]")
    let closed = stream.snapshot()
    #expect(
      closed.fileNames.description(of: try #require(closed.inFlight(7)))
        == "socket:[3], whose descriptor was closed (fd 3 is now socket:[9])")
    stream.knownFile(
      socket, isClosed: true, "socket:[9], with 5 bytes unread\ntcp 127.0.0.1:80, established")
    let described = stream.snapshot()
    #expect(
      described.fileNames.description(of: try #require(described.inFlight(7)))
        == "socket:[3] (tcp 127.0.0.1:80, established), whose descriptor was closed "
        + "(fd 3 is now socket:[9], with 5 bytes unread)")
    stream.knownFile(socket, "socket:[3]")
    let open = stream.snapshot()
    #expect(open.fileNames.description(of: try #require(open.inFlight(7))) == "socket:[3]")
  }

  @Test func aSpliceHasTwoFiles() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "SPLICE", userData: 7) {
      $0.fd = 3
      $0.file_index = 5
    }
    stream.fileGet(1, file: socket)
    stream.fileGet(1, fd: 5, file: pipe)
    let snapshot = stream.snapshot()
    #expect(
      snapshot.fileNames.description(of: try #require(snapshot.inFlight(7)))
        == "pipe:[2] to socket:[3]")
  }

  @Test func aFoundInputIsNamedByItsDescriptorAsDerived() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "SPLICE", userData: 7) { $0.file = socket }
    stream.requestFile(1, fd: 5, file: pipe) {
      $0.is_input = 1
      $0.is_derived = 1
    }
    let snapshot = stream.snapshot()
    #expect(
      snapshot.fileNames.name(of: try #require(snapshot.inFlight(7)))
        == "fd 5 (now pipe:[2]) to socket:[3]")
  }

  @Test func anObservedInputStays() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "TEE", userData: 7) {
      $0.fd = 3
      $0.file_index = 5
    }
    stream.fileGet(1, file: socket)
    stream.fileGet(1, fd: 5, file: pipe)
    stream.requestFile(1, fd: 5, file: path) {
      $0.is_input = 1
      $0.is_derived = 1
    }
    let snapshot = stream.snapshot()
    #expect(
      snapshot.fileNames.name(of: try #require(snapshot.inFlight(7))) == "pipe:[2] to socket:[3]")
  }

  /// A request that is linked behind another request is issued later. By then, its registered-file
  /// index can refer to another file.
  @Test func aRegisteredFileIsCertainAtTheSubmissionUnlessAnotherRequestComesFirst() throws {
    var stream = RecordStream()
    stream.create(1)
    for (request, userData) in [(1, UInt64(7)), (2, 8)] {
      stream.submit(request, "READ", userData: userData) { $0.flags = 1 }
      stream.requestFile(request, fd: 3, file: pipe) { $0.is_submitted = 1 }
    }
    stream.link(2, to: 1)
    let before = stream.snapshot()
    #expect(before.fileNames.name(of: try #require(before.inFlight(7))) == "pipe:[2]")
    #expect(before.fileNames.name(of: try #require(before.inFlight(8))) == nil)
    stream.requestFile(2, file: socket)
    let after = stream.snapshot()
    #expect(after.fileNames.name(of: try #require(after.inFlight(8))) == "socket:[3]")
  }

  @Test func aFileWithAnAnonymousInodeIsCalledWhatItIs() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ", userData: 7)
    var timer = Self.file(inode: 4, system: 0x0904_1934)
    timer.anonymous = .timerfd
    stream.fileGet(1, file: timer)
    let snapshot = stream.snapshot()
    #expect(
      snapshot.fileNames.name(of: try #require(snapshot.inFlight(7))) == "anon_inode:[timerfd]")
  }

  @Test func aRequestThatHasEndedIsNotSaidToBeOnAClosedFile() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "RECV", userData: 7)
    stream.fileGet(1, file: socket)
    stream.knownFile(socket, isClosed: true, hasNone: true, "")
    let before = stream.snapshot()
    #expect(
      before.fileNames.description(of: try #require(before.inFlight(7)))
        == "socket:[3], which no longer has a descriptor (it was fd 3)")
    stream.complete(1, 1)
    let after = stream.snapshot()
    #expect(after.fileNames.description(of: try #require(after.recent.first)) == "socket:[3]")
  }

  @Test func aFoundRequestHasItsFileWithoutADescriptor() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "READ", userData: 7) { $0.file = pipe }
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.inFlight(7))
    #expect(request.file == nil)
    #expect(snapshot.fileNames.name(of: request) == "pipe:[2]")
  }
}

extension RecordStream {
  fileprivate mutating func requestFile(
    _ request: Int, fd: Int32 = -1, file: record_file_identity,
    _ change: (inout record_request_file) -> Void = { _ in }
  ) {
    var body = record_request_file()
    body.fd = fd
    body.file = file
    change(&body)
    add(&body, \.base, .requestFile, request)
  }

  fileprivate mutating func knownFile(
    _ file: record_file_identity, isClosed: Bool = false, hasNone: Bool = false, _ name: String
  ) {
    var body = record_known_file()
    body.file = file
    body.tgid = 10
    body.fd = 3
    body.is_closed = isClosed ? 1 : 0
    body.has_none = hasNone ? 1 : 0
    body.length = UInt32(name.utf8.count)
    add(&body, \.base, .knownFile, 0, ring: 0, text: Array(name.utf8))
  }
}
