import CRecord
import UringRecords

/// Passes records on to the handlers, which fill in `events.current`.
extension Aggregator: RecordHandler {
  mutating func create(_ record: UnsafePointer<record_create>, _ event: inout Event) {
    create(record)
  }
  mutating func register(_ record: UnsafePointer<record_register>, _ event: inout Event) {
    register(record)
  }
  mutating func fileGet(_ record: UnsafePointer<record_file_get>, _ event: inout Event) {
    fileGet(record)
  }
  mutating func submit(_ record: UnsafePointer<record_submit>, _ event: inout Event) {
    submit(record)
  }
  mutating func queueAsyncWork(
    _ record: UnsafePointer<record_queue_async_work>, _ event: inout Event
  ) { queueAsyncWork(record) }
  mutating func pollArm(_ record: UnsafePointer<record_poll_arm>, _ event: inout Event) {
    pollArm(record)
  }
  mutating func taskAdd(_ record: UnsafePointer<record_task_add>, _ event: inout Event) {
    taskAdd(record)
  }
  mutating func `defer`(_ record: UnsafePointer<record_defer>, _ event: inout Event) {
    `defer`(record)
  }
  mutating func link(_ record: UnsafePointer<record_link>, _ event: inout Event) { link(record) }
  mutating func failLink(_ record: UnsafePointer<record_fail_link>, _ event: inout Event) {
    failLink(record)
  }
  mutating func complete(_ record: UnsafePointer<record_complete>, _ event: inout Event) {
    complete(record)
  }
  mutating func cqeOverflow(_ record: UnsafePointer<record_cqe_overflow>, _ event: inout Event) {
    cqeOverflow(record)
  }
  mutating func reqFailed(_ record: UnsafePointer<record_req_failed>, _ event: inout Event) {
    reqFailed(record)
  }
  mutating func cqringWait(_ record: UnsafePointer<record_cqring_wait>, _ event: inout Event) {
    cqringWait(record)
  }
  mutating func taskWorkRun(_ record: UnsafePointer<record_task_work_run>, _ event: inout Event) {
    taskWorkRun(record)
  }
  mutating func localWorkRun(_ record: UnsafePointer<record_local_work_run>, _ event: inout Event) {
    localWorkRun(record)
  }
  mutating func shortWrite(_ record: UnsafePointer<record_short_write>, _ event: inout Event) {
    shortWrite(record)
  }
  mutating func skip(_ record: UnsafePointer<record_skip>, _ event: inout Event) { skip(record) }
  mutating func command(_ record: UnsafePointer<record_command>, _ event: inout Event) {
    command(record)
  }
  mutating func bufferUse(_ record: UnsafePointer<record_buffer_use>, _ event: inout Event) {
    bufferUse(record)
  }
  mutating func bufferRelease(_ record: UnsafePointer<record_buffer_release>, _ event: inout Event)
  { bufferRelease(record) }
  mutating func bufferTable(_ record: UnsafePointer<record_buffer_table>, _ event: inout Event) {
    bufferTable(record)
  }
  mutating func bufferSlot(_ record: UnsafePointer<record_buffer_slot>, _ event: inout Event) {
    bufferSlot(record)
  }
  mutating func registerArgument(
    _ record: UnsafePointer<record_register_argument>, _ event: inout Event
  ) { registerArgument(record) }
  mutating func blockRequest(_ record: UnsafePointer<record_block_request>, _ event: inout Event) {
    blockRequest(record)
  }
  mutating func groupBuffer(_ record: UnsafePointer<record_group_buffer>, _ event: inout Event) {
    groupBuffer(record)
  }
  mutating func submitStack(_ record: UnsafePointer<record_submit_stack>, _ event: inout Event) {
    submitStack(record)
  }
  mutating func fuseRequest(_ record: UnsafePointer<record_fuse_request>, _ event: inout Event) {
    fuseRequest(record)
  }
  mutating func localBuffer(_ record: UnsafePointer<record_local_buffer>, _ event: inout Event) {
    localBuffer(record)
  }
  mutating func ringFound(_ record: UnsafePointer<record_ring_found>, _ event: inout Event) {
    ringFound(record)
  }
  mutating func ringFd(_ record: UnsafePointer<record_ring_fd>, _ event: inout Event) {
    ringFd(record)
  }
  mutating func ringClosed(_ record: UnsafePointer<record_ring_closed>, _ event: inout Event) {
    ringClosed(record)
  }
  mutating func taskName(_ record: UnsafePointer<record_task_name>, _ event: inout Event) {
    taskName(record)
  }
  mutating func fileName(_ record: UnsafePointer<record_file_name>, _ event: inout Event) {
    fileName(record)
  }
  mutating func lost(_ record: UnsafePointer<record_lost>, _ event: inout Event) { lost(record) }
  mutating func freed(_ record: UnsafePointer<record_freed>, _ event: inout Event) { freed(record) }
  mutating func flagName(_ record: UnsafePointer<record_flag_name>, _ event: inout Event) {
    flagName(record)
  }
  mutating func symbol(_ record: UnsafePointer<record_symbol>, _ event: inout Event) {
    symbol(record)
  }
  mutating func providedTail(_ record: UnsafePointer<record_provided_tail>, _ event: inout Event) {
    providedTail(record)
  }
  mutating func ringDepth(_ record: UnsafePointer<record_ring_depth>, _ event: inout Event) {
    ringDepth(record)
  }
  mutating func ringBalance(_ record: UnsafePointer<record_ring_balance>, _ event: inout Event) {
    ringBalance(record)
  }
  mutating func parked(_ record: UnsafePointer<record_parked>, _ event: inout Event) {
    parked(record)
  }
  mutating func unsubmitted(_ record: UnsafePointer<record_unsubmitted>, _ event: inout Event) {
    unsubmitted(record)
  }
  mutating func unreaped(_ record: UnsafePointer<record_unreaped>, _ event: inout Event) {
    unreaped(record)
  }
  mutating func kernelStack(_ record: UnsafePointer<record_kernel_stack>, _ event: inout Event) {
    kernelStack(record)
  }
  mutating func fileState(_ record: UnsafePointer<record_file_state>, _ event: inout Event) {
    fileState(record)
  }
  mutating func diskRequest(_ record: UnsafePointer<record_disk_request>, _ event: inout Event) {
    diskRequest(record)
  }
  mutating func userStack(_ record: UnsafePointer<record_user_stack>, _ event: inout Event) {
    userStack(record)
  }
  mutating func registeredFile(
    _ record: UnsafePointer<record_registered_file>, _ event: inout Event
  ) { registeredFile(record) }
  mutating func counts(_ record: UnsafePointer<record_counts>, _ event: inout Event) {
    counts(record)
  }
  mutating func providedGroup(_ record: UnsafePointer<record_provided_group>, _ event: inout Event)
  { providedGroup(record) }
}
