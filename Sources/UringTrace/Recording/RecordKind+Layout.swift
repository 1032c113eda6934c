import CRecord

extension RecordKind {
  /// All kinds of schema 1, in order of their numbers.
  public static let all: [RecordKind] = [
    .create, .register, .fileGet, .submit, .queueAsyncWork, .pollArm, .taskAdd, .defer, .link,
    .failLink, .complete, .cqeOverflow, .reqFailed, .cqringWait, .taskWorkRun, .localWorkRun,
    .shortWrite, .skip, .ringFound, .ringFd, .ringClosed, .taskName, .fileName, .lost, .freed,
    .flagName, .end,
  ]

  /// Bytes that a record of this kind has at least, 0 for a kind that schema 1 does not have.
  ///
  /// A file name's text follows its record.
  var minimumSize: Int {
    switch self {
    case .create: MemoryLayout<record_create>.size
    case .register: MemoryLayout<record_register>.size
    case .fileGet: MemoryLayout<record_file_get>.size
    case .submit: MemoryLayout<record_submit>.size
    case .queueAsyncWork: MemoryLayout<record_queue_async_work>.size
    case .pollArm: MemoryLayout<record_poll_arm>.size
    case .taskAdd: MemoryLayout<record_task_add>.size
    case .defer: MemoryLayout<record_defer>.size
    case .link: MemoryLayout<record_link>.size
    case .failLink: MemoryLayout<record_fail_link>.size
    case .complete: MemoryLayout<record_complete>.size
    case .cqeOverflow: MemoryLayout<record_cqe_overflow>.size
    case .reqFailed: MemoryLayout<record_req_failed>.size
    case .cqringWait: MemoryLayout<record_cqring_wait>.size
    case .taskWorkRun: MemoryLayout<record_task_work_run>.size
    case .localWorkRun: MemoryLayout<record_local_work_run>.size
    case .shortWrite: MemoryLayout<record_short_write>.size
    case .skip: MemoryLayout<record_skip>.size
    case .ringFound: MemoryLayout<record_ring_found>.size
    case .ringFd: MemoryLayout<record_ring_fd>.size
    case .ringClosed: MemoryLayout<record_ring_closed>.size
    case .taskName: MemoryLayout<record_task_name>.size
    case .fileName: MemoryLayout<record_file_name>.size
    case .lost: MemoryLayout<record_lost>.size
    case .freed: MemoryLayout<record_freed>.size
    case .flagName: MemoryLayout<record_flag_name>.size
    case .end: MemoryLayout<record_end>.size
    @unknown default: 0
    }
  }

  /// Whether something happened to a ring or request: what a replay steps by. The other kinds only
  /// name things or count losses.
  public var isEvent: Bool {
    switch self {
    case .ringFd, .taskName, .fileName, .lost, .flagName, .end: false
    default: true
    }
  }
}
