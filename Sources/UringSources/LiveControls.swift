import UringTrace

/// The interface through which a user controls a live capture.
public protocol LiveControls: AnyObject, Sendable {
  /// Starts to carry out a command. Never blocks.
  func perform(_ command: LiveCommand)

  /// True once the state cannot change any more: the capture or the connection to it has ended.
  var isOver: Bool { get }
}

extension LiveControls {
  public var isOver: Bool { false }
}

public enum LiveCommand: Sendable, Hashable {
  case setRefreshInterval(Duration)
  /// Makes a snapshot at once.
  case refresh
  /// Takes an inventory: reads all requests in flight, and their places, from the kernel's
  /// structures.
  case inventory
  /// Examines one request: its place in the kernel, the stack of its worker, the state of its file.
  case inspect(Request.ID)
}
