/// Starts the workload of the demonstration.
public enum Demonstration {
  /// The workload that was started, and the reason if it is not a ublk target.
  public struct Start {
    public var workload: any Workload
    /// One line for the user.
    public var notice: String?
  }

  /// Loads the ublk driver if possible. ``start(_:target:)`` reports why it is not.
  public static func loadDriver() { _ = try? UblkDevice.features() }

  /// - Parameter target: nil for a ublk target, or for the fallback where there is no driver.
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
