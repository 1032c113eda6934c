import UringTrace

/// A thread or object that waits, or that others wait for.
enum WaitNode: Hashable {
  case thread(UInt32)
  /// A ring's completions.
  case ring(Ring.ID)
  case request(Request.ID)
  /// A file that must become readable, or writable.
  case file(WaitableFile, WaitDirection)
  case futex(tgid: UInt32, address: UInt64)
  /// Any thread of a process.
  case process(UInt32)
  /// The exit of a process.
  case exit(UInt32)
}

enum WaitDirection: Hashable {
  case reading
  case writing
}

/// One pipe, one end of a socket, or one eventfd, regardless of its descriptors.
enum WaitableFile: Hashable {
  case pipe(inode: UInt64)
  case socket(inode: UInt64)
  /// An eventfd, identified by the address of its first `struct file`.
  case eventfd(UInt64)
}

/// An edge of the wait graph: one node waits for another, or can be woken by it.
public struct WaitEdge: Sendable, Hashable {
  /// Kind and number of the waiting node and of the node for which it waits: `thread 4711`,
  /// `request 3`, `pipe 1615784`.
  public var from: String
  public var to: String
  /// The observation, as a clause with a subject.
  public var text: String
}

/// The result of following a node of the wait graph: open, or links to the nodes for which it
/// waits.
enum WaitStep {
  /// Open: the node does not wait, or something out of view can end its wait. The reason is a
  /// clause about the node: "thread 4711 sleeps in clock_nanosleep".
  case open(String)
  /// The node waits until the node of any of these links acts.
  case waits([Link])

  struct Link {
    var node: WaitNode
    var text: String
  }
}
