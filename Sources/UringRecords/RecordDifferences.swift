import CRecord
import Glibc

/// A shorter, reversible form of records. It stores each 8-byte word as the difference from the
/// same word in the previous record of the same *class*. Records of the same kind, opcode and size
/// form a class.
///
/// A record is stored as follows: one byte with the number of its class, then two bits for each
/// word, then 0, 2, 4 or 8 bytes for each word. The two bits select the length of the word's
/// difference, whose sign is in its lowest bit. The first word of a record is its time; it is
/// stored as the difference from the time of the previous record of any class.
///
/// The class number 0 introduces a new class: the last four bytes of its records' heads (size, kind
/// and opcode) follow. The first record of a class is compared with zeros.
public enum RecordDifferences {
  /// Number of class numbers, including 0, which introduces a new class.
  private static let mostClasses = 256
  /// Offset in a record of the four bytes that determine its class.
  private static let classOffset = MemoryLayout<record>.offset(of: \.size) ?? 28
  private static let headSize = MemoryLayout<record>.size

  /// Number of bytes after the input of ``decode(_:into:)`` that must be readable; their content does
  /// not matter. ``decode(_:into:)`` can read past its input, by less than this number.
  public static let slack = 2 * Int(UInt16.max)

  /// Returns the maximum size of the stored form of `size` bytes of records. The encoder may write
  /// to all of these bytes.
  public static func mostBytes(for size: Int) -> Int { size + size / 4 + 64 }

  /// Sums over records, computed while the records are stored.
  public struct Sums: Sendable {
    /// Size of the stored form in bytes.
    public var stored = 0
    public var records: UInt32 = 0
    /// Smallest time in nanoseconds; 0 if no record has a time.
    public var firstTime: UInt64 { earliest &+ 1 }
    /// Largest time in nanoseconds; 0 if no record has a time.
    public private(set) var lastTime: UInt64 = 0
    /// Smallest time minus 1. The subtraction wraps, so the time 0 of records without a time
    /// becomes the largest number and does not count.
    private var earliest = UInt64.max

    public init() {}

    /// Adds a record with this time to the sums.
    public mutating func note(_ time: UInt64) {
      earliest = min(earliest, time &- 1)
      lastTime = max(lastTime, time)
      records &+= 1
    }
  }

  private struct Class {
    var head: UInt32
    /// The latest record of the class so far; zeros before the first.
    var previous: UnsafeRawPointer
  }

  /// The zeros with which the first record of each class is compared. Never changed, never freed.
  nonisolated(unsafe) private static let zeros: UnsafeRawPointer = {
    let size = Int(UInt16.max) + 1
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    memset(memory, 0, size)
    return UnsafeRawPointer(memory)
  }()

  /// The classes so far. An encoder finds the number of a class by a hash of the records' heads.
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

    /// Returns the number of a class; 0 if the class is new.
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
  /// - Returns: the sums; nil if the records cannot be stored in this form, because they have too
  ///   many classes or an invalid size.
  public static func encode(
    _ records: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Sums? {
    precondition(output.count >= mostBytes(for: records.count))
    var sums = Sums()
    guard let start = records.baseAddress, let outputStart = output.baseAddress else { return sums }
    var classes = Classes()
    // A local copy is faster: a static property is looked up at each use.
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

  /// Stores the words of a record; returns the end of the stored form.
  ///
  /// - Parameter first: difference of the record's time.
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
      // The code is 0 if the difference is 0, 1 for up to 16 bits, 2 for up to 32 bits, else 3.
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

  /// Returns the number of bytes that store a word with this code: 0, 2, 4 or 8.
  @inline(__always)
  private static func length(_ code: UInt32) -> Int {
    Int(truncatingIfNeeded: ((0x08_04_02_00 as UInt32) &>> (code &* 8)) & 0xff)
  }

  // MARK: Decoding

  /// Restores records from untrusted bytes.
  ///
  /// - Parameters:
  ///   - input: the stored form. ``slack`` more bytes behind it must be readable.
  ///   - output: receives the records; must have exactly their size.
  /// - Returns: true if the restored records fill `output` exactly. They may be invalid records,
  ///   but the size of each is valid and ends within `output`.
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
      // Overwrites the record's size, kind and opcode with those of its class: the stored word may
      // contain another size.
      target.storeBytes(of: head, toByteOffset: classOffset, as: UInt32.self)
      target += size
      guard source <= sourceEnd else { return false }
    }
    return target == end
  }

  /// Restores a record; returns the end of its stored form. Reads at most one byte plus ten bytes
  /// for each word.
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

  /// Returns the mask of the bits of a word that are stored with this code.
  @inline(__always)
  private static func mask(_ code: UInt32) -> UInt64 {
    let isStored: UInt64 = code == 0 ? 0 : .max
    return isStored & (UInt64.max &>> (64 &- UInt64(length(code)) &* 8))
  }
}
