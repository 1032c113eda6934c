import UringTrace

/// Commands of a live capture.
public protocol LiveControls: AnyObject, Sendable {
  /// Carries a command out soon. Never blocks.
  func perform(_ command: LiveCommand)

  /// True once nothing changes any more: what is watched has ended, or the connection to it.
  var isOver: Bool { get }
}

extension LiveControls {
  public var isOver: Bool { false }
}

public enum LiveCommand: Sendable, Hashable {
  case setRefreshInterval(Duration)
  /// Makes a snapshot at once.
  case refresh
  /// Walks the kernel's own structures for the requests in flight and where each is.
  case inventory
  /// Examines one request: its place, the stack of its worker, the state of its file.
  case inspect(Request.ID)
}
