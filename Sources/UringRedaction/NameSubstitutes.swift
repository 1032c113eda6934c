/// Names that replace those of a recording. The same name always gets the same substitute, numbered
/// in the order of first appearance, as in ``NumberSubstitutes``.
struct NameSubstitutes {
  var numbers = NumberSubstitutes()
  private var known: [String: Int] = [:]
  private var counts: [Int] = Array(repeating: 0, count: Kind.allCases.count)
  /// Total bytes of the keys of ``known``.
  private var size = 0

  private enum Kind: Int, CaseIterable {
    case task, path, name, function, file, ipv4, ipv6

    var title: String { ["task", "path", "name", "function", "file", "4", "6"][rawValue] }
  }

  /// Limits that only forged recordings reach. A redaction that reaches all of them takes 400 MB.
  struct Limits {
    var numbers = 1 << 21
    var names = 1 << 21
    var bytesOfNames = 64 << 20
  }

  private let limits: Limits

  init(limits: Limits = Limits()) { self.limits = limits }

  var isFull: Bool {
    numbers.count > limits.numbers || known.count > limits.names || size > limits.bytesOfNames
  }

  /// Number of a name among the names of its kind, from 1.
  private mutating func number(_ kind: Kind, _ name: Substring) -> Int {
    let key = "\(kind.title):\(name)"
    if let number = known[key] { return number }
    counts[kind.rawValue] += 1
    known[key] = counts[kind.rawValue]
    size += key.utf8.count
    return counts[kind.rawValue]
  }

  private mutating func substitute(_ kind: Kind, _ name: Substring) -> String {
    name.isEmpty ? "" : kind.title + String(number(kind, name))
  }

  // MARK: Names

  /// The substitute of a thread's name. io_uring's own threads keep their names.
  mutating func task(_ name: Substring) -> String {
    for own in ["iou-wrk-", "iou-sqp-"] where name.hasPrefix(own) {
      if Self.isDigits(name.dropFirst(own.count)) { return String(name) }
    }
    return substitute(.task, name)
  }

  /// The substitute of a path. Device nodes keep their paths, because drivers name them.
  private mutating func path(_ path: Substring) -> String {
    let deleted = " (deleted)"
    if path.hasSuffix(deleted) { return self.path(path.dropLast(deleted.count)) + deleted }
    if path.hasPrefix("/memfd:") { return "/memfd:" + substitute(.name, path.dropFirst(7)) }
    if path.hasPrefix("/dev/") {
      let node = path.dropFirst(5)
      let isTerminal = node.hasPrefix("pts/") && Self.isDigits(node.dropFirst(4))
      if isTerminal || node.utf8.allSatisfy(Self.isPartOfDevice) { return String(path) }
    }
    return "/" + substitute(.path, path)
  }

  // MARK: Text

  /// Replaces the names in names and descriptions of files, one per line.
  mutating func text(_ text: String) -> String {
    lines(text) { names, line in
      if line.hasPrefix("/") { return names.path(line) }
      return line.split(separator: " ", omittingEmptySubsequences: false)
        .map { names.word($0) }.joined(separator: " ")
    }
  }

  /// The substitute of a word in a description. A word that is not in ``vocabulary`` is a name or
  /// an address.
  private mutating func word(_ word: Substring) -> String {
    var core = word
    let head = core.hasPrefix("(") ? "(" : ""
    core = core.dropFirst(head.count)
    let end = core.lastIndex { !",;)".contains($0) }
    let tail = end.map { core[core.index(after: $0)...] } ?? core
    core = end.map { core[...$0] } ?? ""
    return head + substitute(core) + tail
  }

  private mutating func substitute(_ word: Substring) -> String {
    if word.isEmpty || Self.vocabulary.contains(word) || Self.isNumber(word) { return String(word) }
    if word.hasPrefix("/") { return path(word) }
    if word.hasPrefix("@") { return "@" + substitute(.name, word.dropFirst()) }
    if word.hasPrefix("anon_inode:"), word.utf8.allSatisfy(Self.isPartOfAnonymous) {
      return String(word)
    }
    if word.hasSuffix("]"), let open = word.firstIndex(of: "["), word[..<open].hasSuffix(":"),
      word[..<open].dropLast().utf8.allSatisfy(Self.isPartOfDevice),
      let inode = UInt64(word[word.index(after: open)...].dropLast())
    {
      return "\(word[...open])\(numbers.inode(inode))]"
    }
    if let slash = word.lastIndex(of: "/"), Self.isDigits(word[word.index(after: slash)...]) {
      return task(word[..<slash]) + word[slash...]
    }
    if let colon = word.lastIndex(of: ":"), Self.isDigits(word[word.index(after: colon)...]),
      let host = host(word[..<colon])
    {
      return host + word[colon...]
    }
    return substitute(.name, word)
  }

  /// The substitute of an IP address; nil if the text is not an address. Addresses that exist on
  /// every machine, such as 127.0.0.1, stay.
  private mutating func host(_ host: Substring) -> String? {
    if ["127.0.0.1", "0.0.0.0", "[::1]", "[::]"].contains(host) { return String(host) }
    if host.hasPrefix("["), host.hasSuffix("]") {
      let inner = host.dropFirst().dropLast()
      if inner.hasPrefix("::ffff:"), let mapped = self.host(inner.dropFirst(7)) {
        return "[::ffff:\(mapped)]"
      }
      let number = number(.ipv6, inner)
      return "[2001:db8::\(String(number >> 16, radix: 16)):\(String(number & 0xffff, radix: 16))]"
    }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) else { return nil }
    let number = number(.ipv4, host)
    return "240.\(number >> 16 & 0xff).\(number >> 8 & 0xff).\(number & 0xff)"
  }

  /// Replaces functions, files and addresses in a user stack, one frame per line:
  /// "io_uring_submit+0x1c (liburing.so.2)", "0x7f0012345678".
  mutating func frames(_ text: String) -> String {
    lines(text) { names, line in
      var code = line
      var file = ""
      if line.hasSuffix(")"), let open = line.lastIndex(of: "("), line[..<open].hasSuffix(" ") {
        code = line[..<open].dropLast()
        file = " (" + names.substitute(.file, line[line.index(after: open)...].dropLast()) + ")"
      }
      if let address = Self.hexadecimal(code) {
        return "0x" + String(names.numbers.user(address), radix: 16) + file
      }
      let plus = code.lastIndex(of: "+").flatMap {
        Self.hexadecimal(code[code.index(after: $0)...]) == nil ? nil : $0
      }
      let end = plus ?? code.endIndex
      return names.substitute(.function, code[..<end]) + code[end...] + file
    }
  }

  /// Replaces addresses without a symbol in a kernel stack, one frame per line.
  mutating func addresses(_ text: String) -> String {
    lines(text) { names, line in
      Self.hexadecimal(line).map { "0x" + String(names.numbers.kernel($0), radix: 16) }
        ?? String(line)
    }
  }

  private mutating func lines(
    _ text: String, _ substitute: (inout Self, Substring) -> String
  ) -> String {
    var result: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      result.append(substitute(&self, line))
    }
    return result.joined(separator: "\n")
  }

  // MARK: Words that stay

  /// All words that uringtop itself writes in descriptions.
  private static let vocabulary = Set(
    """
    → ← tcp udp inet unix stream datagram family peer process which has ended established syn_sent syn_recv fin_wait1 \
    fin_wait2 time_wait closed close_wait last_ack listening closing with byte bytes unread read write end: fd and more \
    registered a ring nobody can to it count not armed fires in ns µs ms s min signals watches descriptors files its
    """.split(separator: " "))

  private static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// True for digits with at most one point: an IP address has three.
  private static func isNumber(_ text: Substring) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count <= 2 && parts.allSatisfy { isDigits($0) }
  }

  private static func isPartOfDevice(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x2d || byte == 0x5f
  }

  /// Like ``isPartOfDevice(_:)``, but also true for "[", ":" and "]".
  private static func isPartOfAnonymous(_ byte: UInt8) -> Bool {
    isPartOfDevice(byte) || byte == 0x5b || byte == 0x3a || byte == 0x5d
  }

  private static func hexadecimal(_ text: Substring) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : nil
  }
}
