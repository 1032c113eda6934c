import NIOCore
import NIOHTTP1
import Synchronization

/// The page for HTTP clients: the latest metrics, in the format that the client accepts.
///
/// A moment is encoded at most once in each format, for any number of clients.
public final class MetricsPage: Sendable {
  private struct State {
    var moment: MetricsMoment?
    var encoded: [Exposition: ByteBuffer] = [:]
    var responses: [Int: UInt64] = [:]
  }

  struct Response {
    var status: HTTPResponseStatus
    var contentType = "text/plain; charset=utf-8"
    var body: ByteBuffer
  }

  private let state = Mutex(State())

  public init() {}

  /// Replaces the moment that the page shows.
  public func show(_ moment: MetricsMoment) {
    state.withLock { state in
      state.moment = moment
      state.encoded = [:]
    }
  }

  func response(to request: HTTPRequestHead) -> Response {
    let path = request.uri.prefix { $0 != "?" }
    let response: Response
    if request.method != .GET, request.method != .HEAD {
      response = Response(status: .methodNotAllowed, text: "only GET and HEAD\n")
    } else if path == "/metrics" {
      response = metrics(Exposition(accept: request.headers["accept"]))
    } else if path == "/" {
      response = Response(status: .ok, text: "uringtop: the metrics are at /metrics\n")
    } else {
      response = Response(status: .notFound, text: "the metrics are at /metrics\n")
    }
    state.withLock { $0.responses[Int(response.status.code), default: 0] += 1 }
    return response
  }

  private func metrics(_ format: Exposition) -> Response {
    state.withLock { state in
      guard var moment = state.moment else {
        return Response(status: .serviceUnavailable, text: "nothing has been observed yet\n")
      }
      let body: ByteBuffer
      if let known = state.encoded[format] {
        body = known
      } else {
        moment.responses = state.responses
        body = ByteBuffer(bytes: format.encode(moment))
        state.encoded[format] = body
      }
      return Response(status: .ok, contentType: format.contentType, body: body)
    }
  }
}

extension MetricsPage.Response {
  fileprivate init(status: HTTPResponseStatus, text: String) {
    self.init(status: status, body: ByteBuffer(string: text))
  }
}
