import CRecord
import Testing
import UringRecords
import UringTrace

/// Which file a request works on, whatever its descriptor refers to later.
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
        == "socket:[3], closed (was fd 3; 3 is now socket:[9])")
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
        == "from pipe:[2] to socket:[3]")
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
  fileprivate mutating func knownFile(
    _ file: record_file_identity, isClosed: Bool = false, _ name: String
  ) {
    var body = record_known_file()
    body.file = file
    body.tgid = 10
    body.fd = 3
    body.is_closed = isClosed ? 1 : 0
    body.length = UInt32(name.utf8.count)
    add(&body, \.base, .knownFile, 0, ring: 0, text: Array(name.utf8))
  }
}
