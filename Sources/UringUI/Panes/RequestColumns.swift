import UringFields
import UringTrace

/// Columns that the lists of requests in flight and of ended requests share.
enum RequestColumns {
  /// The mark of requests that a finding names.
  static let finding = Column<Request>("!", width: 1, priority: 1) { request, scene in
    FindingRow.mark(scene.findings(about: request.id))
  }.meaning("The worst finding that names the request: `C` crit, `W` warn, `i` info.")

  static let opcode = Column<Request>(
    "OPCODE", width: 14, minimum: 10, priority: 0,
    order: .text { request, _ in Names.opcode(request.opcode) }
  ) { request, _ in Piece(Names.opcode(request.opcode), .name) }

  static let file = Column<Request>(
    "FILE", width: 32, minimum: 10, priority: 1, growth: .toContent,
    order: .text { request, scene in fileName(request, scene) },
    picture: { request, scene, width in
      let name = fileName(request, scene)
      // A remark behind the name must not displace it.
      let remark = name.displayWidth > width ? remarks.first { name.hasSuffix($0) } : nil
      return Piece(String(name.dropLast(remark?.count ?? 0)).tail(width))
    }
  ).meaning(
    "The request's file; `fd` or `fixed` and its number if its name is not known. `←`: the process that writes into the pipe. `→`: the process that reads from the pipe, or the peer of the socket."
  )

  /// Remarks behind a name: the kernel's for a deleted file, and uringtop's for an incomplete
  /// search for the other end of a pipe.
  private static let remarks = [" (deleted)", " (perhaps others)"]

  static let offset = Column<Request>(
    "OFFSET", width: 9, minimum: 6, .right, priority: 6,
    order: .number { request, _ in request.offset ?? 0 }
  ) { request, _ in Piece(request.offset.map { Humanise.exactBytes($0) } ?? "") }

  static let length = Column<Request>(
    "LEN", width: 7, minimum: 5, .right, priority: 2,
    order: .number { request, _ in request.length?.number ?? 0 }
  ) { request, _ in Piece(Fields.lengthText(request)) }
  .meaning("Bytes to transfer; of vectored transfers, the number of vectors and `v`.")

  static let buffer = Column<Request>(
    "BUFFER", width: 14, minimum: 14, priority: 7
  ) { request, _ in Piece(Fields.buffer(request)) }
  .meaning(
    "The buffer that the request uses: `#` and the index of a registered buffer, `group` and the id of a buffer group (`id`: the provided buffer that was chosen), or an address."
  )

  static let flags = Column<Request>(
    "FLAGS", width: 16, minimum: 8, priority: 8, growth: .toContent
  ) {
    request, _ in Piece(Fields.flags(request), .faint)
  }.meaning("The flags of the SQE, without IOSQE_.")

  static let chain = Column<Request>(
    "CHAIN", width: 6, minimum: 5, .right, priority: 5,
    order: .number { request, _ in request.chain }
  ) { request, _ in Piece(request.chain == 0 ? "" : "\(request.chain)", .label) }

  static let group = Column<Request>(
    "GROUP", width: 7, minimum: 5, .right, priority: 6,
    order: .number { request, _ in request.group }
  ) { request, _ in Piece(request.group == 0 ? "" : "\(request.group)", .label) }

  static let userData = Column<Request>(
    "USER_DATA", width: 18, minimum: 9, .right, priority: 4,
    order: .number { request, _ in request.userData },
    picture: { request, _, width in
      Piece(request.isUserDataKnown ? userData(request.userData, width: width) : "?")
    }
  ).meaning(
    "The SQE's user_data, which the CQE repeats; `?` until an event shows it."
  )

  /// The number in at most `width` columns. Its last digits are kept, because pointers differ in
  /// them.
  static func userData(_ value: UInt64, width: Int) -> String {
    Humanise.hex(value).tail(width)
  }

  static let submitter = Column<Request>(
    "SUBMITTER", width: 18, minimum: 9, priority: 3,
    order: .number { request, _ in UInt64(request.submitterTid) },
    picture: { request, scene, width in
      request.isSubmittedBySQThread
        ? Piece("sqpoll/\(request.submitterTid)".keepingNumber(width), .label)
        : Piece(scene.thread(request.submitterTid).keepingNumber(width))
    }
  ).meaning("The thread that submitted the request: name and id. `sqpoll`: the ring's SQ thread.")

  static let ring = Column<Request>(
    "RING", width: 5, minimum: 4, .right, priority: 9,
    order: .number { request, _ in UInt64(request.ring) }
  ) { request, _ in Piece("\(request.ring)", .faint) }

  /// The path of the request's file; "fd 5" or "fixed 3" if the path is unknown.
  static func fileName(_ request: Request, _ scene: Scene) -> String {
    scene.snapshot.fileNames.name(of: request) ?? number(of: request.file)
  }

  static func number(of file: FileReference?) -> String {
    switch file {
    case .descriptor(let fd)?: "fd \(fd)"
    case .fixed(let index)?: "fixed \(index)"
    case nil: ""
    }
  }
}
