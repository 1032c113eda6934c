/// Chooses what the demonstration runs.
public enum Demonstration {
  /// What was started, and why it is not a ublk target if it is not.
  public struct Start {
    public var workload: any Workload
    /// One line for the user.
    public var notice: String?
  }

  /// Loads the ublk driver if it can be had; ``start(_:target:)`` says why it cannot.
  public static func loadDriver() { _ = try? UblkDevice.features() }

  /// `target` nil: a ublk target, or without a driver what takes its place.
  public static func start(
    _ configuration: Configuration, target: Status.Target? = nil
  ) throws(TargetError) -> Start {
    if target == .buffers {
      return Start(workload: try BufferWorkload(configuration), notice: nil)
    }
    do throws(TargetError) {
      return Start(workload: try UblkDevice(configuration), notice: nil)
    } catch {
      guard error.kind == .noDriver, target == nil else { throw error }
      return Start(
        workload: try BufferWorkload(configuration),
        notice: "\(error.description); showing registered buffers and zero-copy sends instead")
    }
  }
}
