import CRecord
import Glibc

/// A shorter, reversible form of records: each 8-byte word as its difference from the same word of the previous record
/// of the same kind, opcode and size (its *class*).
///
/// A record is stored as the number of its class (one byte), two bits for each word, and 0, 2, 4 or 8 bytes for each
/// word as the bits say: the difference, with its sign in the lowest bit. A record's first word, its time, is compared
/// with the time of the previous record of any class. The number 0 introduces a class: the last four bytes of the
/// records' heads (size, kind and opcode) follow. The first record of a class is compared with zeros.
public enum RecordDifferences {
  /// Number of classes; 0 is the introduction of another.
  private static let mostClasses = 256
  /// Offset of the bytes of a record that name its class.
  private static let classOffset = MemoryLayout<record>.offset(of: \.size) ?? 28
  private static let headSize = MemoryLayout<record>.size

  /// Bytes that must be readable behind the input of ``decode(_:into:)``, of any content: the longest record.
  public static let slack = 2 * Int(UInt16.max)

  /// Bytes that the stored form of so many bytes of records needs at most, and that the encoder may touch.
  public static func mostBytes(for size: Int) -> Int { size + size / 4 + 64 }

  /// Sums over records, made while they are stored.
  public struct Sums: Sendable {
    /// Bytes of the stored form.
    public var stored = 0
    public var records: UInt32 = 0
    /// Smallest and largest time, nanoseconds; 0 if no record has a time.
    public var firstTime: UInt64 { earliest &+ 1 }
    public private(set) var lastTime: UInt64 = 0
    /// Smallest time minus 1, with wraparound, so that 0, which is no time, becomes the largest number.
    private var earliest = UInt64.max

    public init() {}

    /// Counts a record.
    public mutating func note(_ time: UInt64) {
      earliest = min(earliest, time &- 1)
      lastTime = max(lastTime, time)
      records &+= 1
    }
  }

  private struct Class {
    var head: UInt32
    /// The last record of the class.
    var previous: UnsafeRawPointer
  }

  /// The record before the first of a class. Never written, never freed.
  nonisolated(unsafe) private static let zeros: UnsafeRawPointer = {
    let size = Int(UInt16.max) + 1
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    memset(memory, 0, size)
    return UnsafeRawPointer(memory)
  }()

  /// The class numbers of an encoder, found by a hash of the head.
  private struct Classes: ~Copyable {
    let all: UnsafeMutablePointer<Class>
    let numbers: UnsafeMutablePointer<UInt8>
    var count = 1

    init() {
      all = .allocate(capacity: mostClasses)
      numbers = .allocate(capacity: 256)
      numbers.initialize(repeating: 0, count: 256)
    }

    deinit {
      all.deallocate()
      numbers.deallocate()
    }

    mutating func add(_ head: UInt32) -> Int? {
      guard count < mostClasses else { return nil }
      all[count] = Class(head: head, previous: RecordDifferences.zeros)
      count += 1
      return count - 1
    }

    /// The number of a class; 0 if it is new.
    func number(of head: UInt32) -> Int {
      let hash = Int((head &* 2_654_435_761) >> 24)
      let guess = Int(numbers[hash])
      if guess != 0, all[guess].head == head { return guess }
      var number = 1
      while number < count, all[number].head != head { number += 1 }
      guard number < count else { return 0 }
      numbers[hash] = UInt8(number)
      return number
    }
  }

  // MARK: Encoding

  /// Stores whole records.
  ///
  /// - Parameter output: at least ``mostBytes(for:)`` bytes.
  /// - Returns: nil if the records cannot be stored in this form: they have too many classes, or a size that is no
  ///   multiple of 8.
  public static func encode(
    _ records: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Sums? {
    precondition(output.count >= mostBytes(for: records.count))
    var sums = Sums()
    guard let start = records.baseAddress, let outputStart = output.baseAddress else { return sums }
    var classes = Classes()
    // A static property is looked up at each use.
    let classOffset = classOffset
    var input = start
    let end = start + records.count
    var target = outputStart
    var lastTime: UInt64 = 0
    while input < end {
      guard end - input >= headSize else { return nil }
      let head = input.loadUnaligned(fromByteOffset: classOffset, as: UInt32.self)
      let size = Int(head & 0xffff)
      guard size >= headSize, size & 7 == 0, size <= end - input else { return nil }
      var number = classes.number(of: head)
      if number == 0 {
        guard let new = classes.add(head) else { return nil }
        number = new
        target.storeBytes(of: 0, as: UInt8.self)
        target.storeBytes(of: head, toByteOffset: 1, as: UInt32.self)
        target += 5
      }
      target.storeBytes(of: UInt8(number), as: UInt8.self)
      target += 1
      let previous = classes.all[number].previous
      classes.all[number].previous = input
      let time = input.loadUnaligned(as: UInt64.self)
      sums.note(time)
      target = encode(
        input, previous: previous, size: size, first: time &- lastTime, into: target)
      lastTime = time
      input += size
    }
    sums.stored = target - outputStart
    return sums
  }

  /// Stores the words of a record; returns the end of the output.
  @inline(__always)
  private static func encode(
    _ input: UnsafeRawPointer, previous: UnsafeRawPointer, size: Int, first: UInt64,
    into output: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    var control = output
    var target = output + (size / 8 + 3) / 4
    var (bits, shift) = (UInt32(0), UInt32(0))
    var difference = first
    var offset = 0
    while true {
      let folded =
        (difference << 1) ^ UInt64(bitPattern: Int64(bitPattern: difference) >> 63)
      let width = folded.leadingZeroBitCount
      // 0 for 0 bits, 1 for up to 16, 2 for up to 32, else 3.
      let code: UInt32 =
        (width < 64 ? 1 : 0) &+ (width < 48 ? 1 : 0) &+ (width < 32 ? 1 : 0)
      target.storeBytes(of: folded, as: UInt64.self)
      target += length(code)
      bits |= code &<< shift
      shift &+= 2
      offset += 8
      if shift == 8 || offset == size {
        control.storeBytes(of: UInt8(truncatingIfNeeded: bits), as: UInt8.self)
        control += 1
        (bits, shift) = (0, 0)
        if offset == size { return target }
      }
      difference =
        input.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        &- previous.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
  }

  /// Bytes that store a word with this code.
  @inline(__always)
  private static func length(_ code: UInt32) -> Int {
    Int(truncatingIfNeeded: ((0x08_04_02_00 as UInt32) &>> (code &* 8)) & 0xff)
  }

  // MARK: Decoding

  /// Restores records from untrusted bytes.
  ///
  /// - Parameters:
  ///   - input: the stored form. ``slack`` more bytes behind it must be readable.
  ///   - output: as many bytes as the records have.
  /// - Returns: false unless the input gives as many bytes as `output` has. They need not be valid records, but each
  ///   has a size that ends within them.
  public static func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard let inputStart = input.baseAddress, let start = output.baseAddress else {
      return input.isEmpty && output.isEmpty
    }
    var classes = Classes()
    var source = inputStart
    let sourceEnd = inputStart + input.count
    var target = start
    let end = start + output.count
    var time: UInt64 = 0
    while source < sourceEnd {
      var number = Int(source.load(as: UInt8.self))
      source += 1
      if number == 0 {
        let head = source.loadUnaligned(as: UInt32.self)
        let size = Int(head & 0xffff)
        guard size >= headSize, size & 7 == 0, classes.add(head) != nil else { return false }
        number = Int(source.load(fromByteOffset: 4, as: UInt8.self))
        source += 5
      }
      guard number != 0, number < classes.count, source <= sourceEnd else { return false }
      let (head, previous) = (classes.all[number].head, classes.all[number].previous)
      let size = Int(head & 0xffff)
      guard size <= end - target else { return false }
      classes.all[number].previous = UnsafeRawPointer(target)
      source = decode(source, previous: previous, size: size, time: &time, into: target)
      // The class decides where the record ends, whatever the word says.
      target.storeBytes(of: head, toByteOffset: classOffset, as: UInt32.self)
      target += size
      guard source <= sourceEnd else { return false }
    }
    return target == end
  }

  /// Restores a record; returns the end of its stored form. Reads at most a byte and ten bytes for each word.
  @inline(__always)
  private static func decode(
    _ input: UnsafeRawPointer, previous: UnsafeRawPointer, size: Int, time: inout UInt64,
    into output: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer {
    var control = input
    var source = input + (size / 8 + 3) / 4
    var bits = UInt32(0)
    var base = time
    var offset = 0
    while true {
      if offset & 31 == 0 {
        bits = UInt32(control.load(as: UInt8.self))
        control += 1
      }
      let code = bits & 3
      bits >>= 2
      let folded = source.loadUnaligned(as: UInt64.self) & mask(code)
      source += length(code)
      let value = base &+ ((folded >> 1) ^ (0 &- (folded & 1)))
      output.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
      if offset == 0 { time = value }
      offset += 8
      if offset == size { return source }
      base = previous.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
  }

  /// The bits of a word that are stored with this code.
  @inline(__always)
  private static func mask(_ code: UInt32) -> UInt64 {
    let isStored: UInt64 = code == 0 ? 0 : .max
    return isStored & (UInt64.max &>> (64 &- UInt64(length(code)) &* 8))
  }
}
