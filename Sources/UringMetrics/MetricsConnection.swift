import NIOCore
import NIOHTTP1

/// Limits for one client: the size of a request, and the time for a request and its response. This
/// handler is before the HTTP decoder in the pipeline, so it receives the raw bytes.
final class ConnectionLimits: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer

  /// An outbound event that ``MetricsConnection`` triggers when a response is complete.
  struct ResponseSent: Sendable {}

  /// Maximum size of a request in bytes, including headers.
  static let requestSize = 16 << 10
  /// Longest time from the first byte of a request to the last byte of the response.
  static let exchangeTime = TimeAmount.seconds(10)
  /// Longest time from a response to the next request. Prometheus scrapes at least every two
  /// minutes.
  static let idleTime = TimeAmount.seconds(150)

  private var received = 0
  private var deadline: Scheduled<Void>?

  func channelActive(context: ChannelHandlerContext) {
    setDeadline(Self.exchangeTime, context)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if received == 0 { setDeadline(Self.exchangeTime, context) }
    received += unwrapInboundIn(data).readableBytes
    guard received <= Self.requestSize else { return context.close(promise: nil) }
    context.fireChannelRead(data)
  }

  func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard event is ResponseSent else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    received = 0
    setDeadline(Self.idleTime, context)
    promise?.succeed()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }

  private func setDeadline(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}

/// Answers the requests of one client, one after the other.
final class MetricsConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let page: MetricsPage
  private let hasAnswered: @Sendable (any Channel) -> Void
  private var head: HTTPRequestHead?

  init(_ page: MetricsPage, hasAnswered: @escaping @Sendable (any Channel) -> Void) {
    self.page = page
    self.hasAnswered = hasAnswered
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      self.head = nil
      answer(head, context)
    }
  }

  private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let response = page.response(to: request)
    let staysOpen = request.isKeepAlive && response.status == .ok
    var headers = HTTPHeaders()
    headers.add(name: "Content-Type", value: response.contentType)
    headers.add(name: "Content-Length", value: "\(response.body.readableBytes)")
    if response.status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
    if !staysOpen { headers.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(version: request.version, status: response.status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
    }
    let sent = context.eventLoop.makePromise(of: Void.self)
    let channel = context.channel
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    sent.futureResult.whenComplete { [hasAnswered] result in
      guard case .success = result, staysOpen else { return channel.close(promise: nil) }
      hasAnswered(channel)
      context.value.triggerUserOutboundEvent(ConnectionLimits.ResponseSent(), promise: nil)
    }
    context.value.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
