/// Starts the demonstration's workload.
public enum Demonstration {
  /// The started workload, and the reason if it is the fallback.
  public struct Start {
    public var workload: any Workload
    /// Why the fallback was started instead of a ublk target, as one line for the user; nil if the
    /// workload is a ublk target, or if the caller chose it.
    public var notice: String?
  }

  /// Loads the ublk driver. Ignores a failure, because ``start(_:target:)`` reports it.
  public static func loadDriver() { _ = try? UblkDevice.features() }

  /// - Parameter target: the workload to start; nil for a ublk target, or for its fallback where
  ///   there is no driver.
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
