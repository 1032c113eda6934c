import UringTrace

/// The waits between threads and objects, for views and documents.
public struct Waits: Sendable {
  /// A line of the tree of a request's waits.
  public struct Line: Sendable, Hashable {
    public var depth: Int
    public var text: String
  }

  private let graph: WaitGraph

  /// Builds the graph of waits; nil without a recent look at waits.
  public init?(_ snapshot: Snapshot) {
    guard let graph = WaitGraph(snapshot) else { return nil }
    self.graph = graph
  }

  private static let mostEdges = 4096
  private static let mostLines = 24

  /// Edges that can be reached from threads that wait for completions. If a chain of waits ends
  /// within the graph, its last node has an edge to `open`, with the reason.
  public var edges: [WaitEdge] {
    var edges: [WaitEdge] = []
    var nodes = graph.facts.threads.filter {
      if case .cqes(_?) = $0.wait { true } else { false }
    }.map { WaitNode.thread($0.tid) }
    var isReached = Set(nodes)
    var next = 0
    while next < nodes.count, edges.count < Self.mostEdges {
      let node = nodes[next]
      next += 1
      switch graph.step(node) {
      case .open(let reason):
        edges.append(WaitEdge(from: graph.label(node), to: "open", text: reason))
      case .waits(let links):
        for link in links {
          edges.append(
            WaitEdge(from: graph.label(node), to: graph.label(link.node), text: link.text))
          if isReached.insert(link.node).inserted { nodes.append(link.node) }
        }
      }
    }
    return edges
  }

  /// The tree of waits that hold up a request. Below each wait are the nodes that could end it.
  /// Empty if only the request's ``Place`` is known.
  public func tree(of request: Request.ID) -> [Line] {
    guard graph.request(request) != nil else { return [] }
    var lines: [Line] = []
    var isReached: Set<WaitNode> = []
    append(.request(request), depth: 0, &isReached, &lines)
    return lines.count > 1 ? lines : []
  }

  private func append(
    _ node: WaitNode, depth: Int, _ isReached: inout Set<WaitNode>, _ lines: inout [Line]
  ) {
    guard lines.count < Self.mostLines, isReached.insert(node).inserted else { return }
    switch graph.step(node) {
    case .open(let reason): lines.append(Line(depth: depth, text: reason))
    case .waits(let links):
      for link in links {
        let isAgain = isReached.contains(link.node)
        lines.append(Line(depth: depth, text: link.text + (isAgain ? " (see above)" : "")))
        append(link.node, depth: depth + 1, &isReached, &lines)
      }
    }
  }
}
