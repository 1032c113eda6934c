import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import UringBase

/// Serves a page over HTTP, on a separate thread without any privileges.
public final class MetricsServer: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let connections = OpenConnections()

  /// Maximum number of open connections. A further one replaces the connection that was answered
  /// longest ago.
  static let mostConnections = 32
  /// The thread's nice value: clients must not take processor time from the capture.
  private static let niceness: Int32 = 10

  /// Starts to serve.
  ///
  /// - Parameters:
  ///   - listener: a listening socket, which the server owns from now on.
  ///   - giveUpRights: gives up privileges; called on the server's thread before it serves a
  ///     client.
  public init(
    _ page: MetricsPage, on listener: Int32, giveUpRights: @escaping @Sendable () -> Void
  ) throws(ListenError) {
    let (connections, started) = (connections, Monitor<Result<Void, ListenError>?>(nil))
    let made = Mutex<MultiThreadedEventLoopGroup?>(nil)
    let starter: WorkerThread
    do throws(ThreadError) {
      // The group's thread inherits privileges, nice value and signal mask of the thread that
      // creates it.
      starter = try WorkerThread("http", orThrow: ThreadError.init) {
        giveUpRights()
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        made.withLock { $0 = group }
        let result = Result {
          try Self.bootstrap(group, page, connections).withBoundSocket(listener).wait()
        }
        started.change { $0 = result.map { _ in }.mapError { ListenError("\($0)") } }
      }
    } catch {
      throw ListenError("\(error)")
    }
    starter.join()
    guard let group = made.withLock({ $0 }) else { throw ListenError("cannot start a thread") }
    self.group = group
    try started.withLock { $0 }?.get()
  }

  private static func bootstrap(
    _ group: MultiThreadedEventLoopGroup, _ page: MetricsPage, _ connections: OpenConnections
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        connections.add(channel)
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ConnectionLimits())
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(
            MetricsConnection(page) { connections.noteAnswer(to: $0) })
        }
      }
  }

  /// Closes the listener and all connections.
  public func stop() { try? group.syncShutdownGracefully() }
}

/// The open connections, ordered by their last answer: the one answered longest ago comes first.
private final class OpenConnections: Sendable {
  private let channels = Mutex<[any Channel]>([])

  func add(_ channel: any Channel) {
    let displaced = channels.withLock { channels in
      channels.append(channel)
      return channels.count > MetricsServer.mostConnections ? channels.removeFirst() : nil
    }
    displaced?.close(promise: nil)
    channel.closeFuture.whenComplete { [weak self] _ in
      self?.channels.withLock { $0.removeAll { $0 === channel } }
    }
  }

  func noteAnswer(to channel: any Channel) {
    channels.withLock { channels in
      guard let index = channels.firstIndex(where: { $0 === channel }) else { return }
      channels.append(channels.remove(at: index))
    }
  }
}
