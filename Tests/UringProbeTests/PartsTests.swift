import CRecord
import Glibc
import Testing
import UringRecords
import UringSources
import UringTrace

import enum UringBase.Procfs

@testable import UringProbe

/// Tests of the parts of UringProbe that work without live capture.
struct PartsTests {
  @Test func namesAreRecordedAsTheyAreOnOneLine() {
    #expect(oneLine("plain ü 水".utf8) == "plain ü 水")
    #expect(oneLine("\u{1B}[2Jred\u{202E}".utf8) == "\u{1B}[2Jred\u{202E}")
    #expect(oneLine("a\r\nb".utf8) == "a??b")
    #expect(oneLine([0x66, 0xFF, 0x6F]) == "f\u{FFFD}o")
  }

  /// A process name can contain the character that ends the name in /proc/PID/stat, or a combining
  /// mark, which Swift joins with that character or with the end of the line.
  @Test func namesDoNotHideWhatFollowsThem() {
    let fields = Procfs.statFields("42 (a) R 7\u{0600}) S 1 2 3")
    #expect(fields == ["S", "1", "2", "3"])
    #expect(Procfs.lines("a\r\nb\u{2028}c\nd") == ["a\r", "b\u{2028}c", "d"])
    #expect(Procfs.field("PPid", of: "Name:\tx\r\nPPid:\t7\n") == 7)
  }

  @Test func octalEscapesOfFdinfoAreUndone() {
    #expect(unescaped("/tmp/a\\040b\\134c".utf8) == Array("/tmp/a b\\c".utf8))
    #expect(unescaped("/tmp/a\\09".utf8) == Array("/tmp/a\\09".utf8))
  }

  @Test func anEventWithTwoProgramsIsMissedOnlyByBoth() {
    func missed(_ counts: [String: UInt64], handledBySecond: UInt64 = 0) -> UInt64 {
      CaptureObject.missedEvents(
        counts, twins: ["complete": "complete_twin", "submit": "submit_twin"],
        handledBySecond: handledBySecond)
    }
    #expect(missed(["complete_twin": 10_000]) == 0)
    #expect(missed(["complete": 7_000, "submit": 3_000], handledBySecond: 10_000) == 0)
    #expect(
      missed(["complete": 7, "complete_twin": 10_000, "submit": 3], handledBySecond: 9) == 1)
    #expect(missed(["complete": 7, "file_get": 5], handledBySecond: 8) == 5)
    #expect(
      CaptureObject.missedEvents(["complete": 7], twins: [:], handledBySecond: 0) == 7)
  }

  /// The progress counter must grow while the session takes many records. Otherwise a long intake
  /// would look like a stuck thread.
  @Test func progressIsSeenWhileRecordsAreTaken() throws {
    let host = HostDescription(
      kernel: "6.18.0", tier: "tracepoints", startTime: 1, startRealtime: 0)
    let state = try SessionState(host: host, options: LiveSession.Options())
    var intake = RecordIntake(options: LiveSession.Options(), host: host, state: state)
    var records = RecordBuffer()
    for time in UInt64(1)...1 << 14 {
      records.append(record_task_work_run.self, at: time) { $0.count = 1 }
    }
    let before = state.progress.value
    intake.take(records)
    #expect(state.progress.value - before >= 5)
  }

  @Test func tailKeepsTheNewestInOrder() {
    var tail = RecordTail(chunkSize: 64, chunkCount: 2)
    for time in UInt64(1)...9 {
      var value = record()
      value.time_ns = time
      value.size = UInt16(MemoryLayout<record>.size)
      withUnsafeBytes(of: &value) { bytes in
        if !tail.append(bytes) {
          tail.advance()
          let fits = tail.append(bytes)
          #expect(fits)
        }
      }
    }
    let copy = tail.copy()
    let times = stride(from: 0, to: copy.count, by: 32).map { offset in
      copy.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: record.self).time_ns }
    }
    #expect(times == [7, 8, 9])
  }

  @Test func idleReaderSleepsLongAndBusyReaderShort() {
    var pacing = DrainPacing(recordBufferSize: 1 << 20)
    for _ in 0..<20 { _ = pacing.pause(after: 0) }
    #expect(pacing.pause(after: 0) == 200_000_000)
    // When more records arrive, the pause at once becomes so short that the BPF programs need not
    // wake the reader.
    #expect(pacing.pause(after: 100 << 10) == 10_000_000)
    for _ in 0..<20 { _ = pacing.pause(after: 300 << 10) }
    #expect(pacing.pause(after: 300 << 10) == 1_000_000)
    #expect(pacing.pause(after: 600 << 10) == 1)
    #expect(pacing.isBehind(600 << 10))
    pacing.restart()
    #expect(pacing.pause(after: 200 << 10) == 5_000_000)
  }

  @Test func promptReaderNeverSleepsLong() {
    var pacing = DrainPacing(recordBufferSize: 1 << 20, isPrompt: true)
    for _ in 0..<40 { #expect(pacing.pause(after: 0) <= 10_000_000) }
  }

  @Test func suspectsAreLookedForSoonAfterRecordsAndThenNoMore() {
    var search = SuspectSearch()
    #expect(!search.isPending(at: 1))
    search.noteRecords(at: 1_000_000_000)
    #expect(search.isPending(at: 1_050_000_000))
    #expect(!search.isPending(at: 1_200_000_000))
  }

  @Test func recordsAreWhole() {
    var records = RecordBuffer()
    records.append(record_file_name.self, at: 1, text: Array("abc".utf8)) { $0.length = 3 }
    records.append(record_freed.self, at: 2, ring: 3, request: 4)
    var kinds: [RecordKind] = []
    records.withEachRecord { kinds.append($0.pointee.kind) }
    #expect(kinds == [.fileName, .freed])
    #expect(records.bytes.count == MemoryLayout<record_file_name>.size + 8 + 32)
  }

  @Test func processThatIsGoneOrAZombieIsEnding() throws {
    #expect(!Procfs.isEnding(UInt32(getpid())))
    #expect(Procfs.isEnding(UInt32(Int32.max)))
    var child: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
    defer { free(arguments[0]) }
    #expect(posix_spawn(&child, "/bin/true", nil, nil, &arguments, nil) == 0)
    var info = siginfo_t()
    waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT)
    #expect(Procfs.isEnding(UInt32(child)))
    waitpid(child, nil, 0)
    #expect(Procfs.isEnding(UInt32(child)))
  }
}
