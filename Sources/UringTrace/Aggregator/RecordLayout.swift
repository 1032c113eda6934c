import CRecord

/// What a record of a kind must have to make sense.
struct RecordLayout {
  var minimumSize: Int
  /// Names a ring (`ctx` is not 0) or a request (`req` is not 0).
  var needs: Needs = []
  /// Shown in the event log.
  var isLogged = true

  struct Needs: OptionSet {
    var rawValue: UInt8
    static let ring = Needs(rawValue: 1)
    static let request = Needs(rawValue: 2)
  }

  private init<T>(_ type: T.Type, _ needs: Needs = [], isLogged: Bool = true) {
    minimumSize = MemoryLayout<T>.size
    self.needs = needs
    self.isLogged = isLogged
  }

  /// By kind; nil for numbers that are none.
  static let known: [RecordKind: RecordLayout] = [
    .create: RecordLayout(record_create.self, .ring),
    .register: RecordLayout(record_register.self, .ring),
    .fileGet: RecordLayout(record_file_get.self, [.ring, .request]),
    .submit: RecordLayout(record_submit.self, [.ring, .request]),
    .queueAsyncWork: RecordLayout(record_queue_async_work.self, [.ring, .request]),
    .pollArm: RecordLayout(record_poll_arm.self, [.ring, .request]),
    .taskAdd: RecordLayout(record_task_add.self, [.ring, .request]),
    .defer: RecordLayout(record_defer.self, [.ring, .request]),
    .link: RecordLayout(record_link.self, [.ring, .request]),
    .failLink: RecordLayout(record_fail_link.self, [.ring, .request]),
    .complete: RecordLayout(record_complete.self, .ring),
    .cqeOverflow: RecordLayout(record_cqe_overflow.self, .ring),
    .reqFailed: RecordLayout(record_req_failed.self, [.ring, .request]),
    .cqringWait: RecordLayout(record_cqring_wait.self, .ring),
    .taskWorkRun: RecordLayout(record_task_work_run.self),
    .localWorkRun: RecordLayout(record_local_work_run.self, .ring),
    .shortWrite: RecordLayout(record_short_write.self, .ring),
    .skip: RecordLayout(record_skip.self, [.ring, .request]),
    .ringFound: RecordLayout(record_ring_found.self, .ring),
    .ringFd: RecordLayout(record_ring_fd.self, .ring, isLogged: false),
    .ringClosed: RecordLayout(record_ring_closed.self, .ring),
    .taskName: RecordLayout(record_task_name.self, isLogged: false),
    .fileName: RecordLayout(record_file_name.self, isLogged: false),
    .lost: RecordLayout(record_lost.self),
    .freed: RecordLayout(record_freed.self, .request, isLogged: false),
    .flagName: RecordLayout(record_flag_name.self, isLogged: false),
    .command: RecordLayout(record_command.self, [.ring, .request]),
    .fuseRequest: RecordLayout(record_fuse_request.self, [.ring, .request]),
    .bufferUse: RecordLayout(record_buffer_use.self, [.ring, .request]),
    .bufferRelease: RecordLayout(record_buffer_release.self),
    .bufferTable: RecordLayout(record_buffer_table.self, .ring),
    .bufferSlot: RecordLayout(record_buffer_slot.self, .ring, isLogged: false),
    .registerArgument: RecordLayout(record_register_argument.self, .ring, isLogged: false),
    .blockRequest: RecordLayout(record_block_request.self, [.ring, .request], isLogged: false),
    .groupBuffer: RecordLayout(record_group_buffer.self, [.ring, .request], isLogged: false),
    .localBuffer: RecordLayout(record_local_buffer.self, [.ring, .request], isLogged: false),
    .symbol: RecordLayout(record_symbol.self, isLogged: false),
    .providedTail: RecordLayout(record_provided_tail.self, .ring, isLogged: false),
    .end: RecordLayout(record_end.self, isLogged: false),
    .counts: RecordLayout(record_counts.self, .ring, isLogged: false),
    .ringDepth: RecordLayout(record_ring_depth.self, .ring, isLogged: false),
    .ringBalance: RecordLayout(record_ring_balance.self, .ring, isLogged: false),
    .parked: RecordLayout(record_parked.self, [.ring, .request], isLogged: false),
    .unsubmitted: RecordLayout(record_unsubmitted.self, .ring, isLogged: false),
    .unreaped: RecordLayout(record_unreaped.self, .ring, isLogged: false),
    .kernelStack: RecordLayout(record_kernel_stack.self, [.ring, .request], isLogged: false),
    .fileState: RecordLayout(record_file_state.self, [.ring, .request], isLogged: false),
    .diskRequest: RecordLayout(record_disk_request.self, isLogged: false),
    .registeredFile: RecordLayout(record_registered_file.self, .ring, isLogged: false),
    .providedGroup: RecordLayout(record_provided_group.self, .ring, isLogged: false),
    .submitStack: RecordLayout(record_submit_stack.self, [.ring, .request], isLogged: false),
    .userStack: RecordLayout(record_user_stack.self, isLogged: false),
  ]
}

/// ``RecordLayout/known`` for the path of every record.
struct RecordLayoutTable: ~Copyable {
  private let layouts: UnsafeMutablePointer<UInt32>

  init() {
    layouts = .allocate(capacity: 256)
    layouts.initialize(repeating: 0, count: 256)
    for (kind, layout) in RecordLayout.known {
      layouts[Int(kind.rawValue)] =
        UInt32(layout.minimumSize) | UInt32(layout.needs.rawValue) << 16
        | (layout.isLogged ? 1 << 24 : 0)
    }
  }

  deinit {
    layouts.deallocate()
  }

  /// Whether the record is whole and of a known kind; then whether it goes to the event log.
  @inline(__always)
  func check(_ header: UnsafePointer<record>) -> (isSound: Bool, isLogged: Bool) {
    let kind = UnsafeRawPointer(header).load(fromByteOffset: Self.kindOffset, as: UInt8.self)
    let layout = layouts[Int(kind)]
    let needs = RecordLayout.Needs(rawValue: UInt8(truncatingIfNeeded: layout >> 16))
    let isSound =
      layout != 0 && UInt32(header.pointee.size) >= layout & 0xffff
      && (!needs.contains(.ring) || header.pointee.ctx != 0)
      && (!needs.contains(.request) || header.pointee.req != 0)
    return (isSound, layout >> 24 != 0)
  }

  private static var kindOffset: Int { MemoryLayout<record>.offset(of: \record.kind) ?? 30 }
}

extension UnsafePointer<record> {
  /// The whole record. Only for a record whose size was checked for this type.
  @inline(__always)
  func body<T>(as type: T.Type = T.self) -> UnsafePointer<T> {
    UnsafeRawPointer(self).assumingMemoryBound(to: T.self)
  }
}
