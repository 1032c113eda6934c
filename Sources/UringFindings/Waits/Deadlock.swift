import UringTrace

/// Nodes of the wait graph that wait only for each other.
struct Deadlock {
  /// Nodes, in the order in which the search reached them.
  private(set) var nodes: [WaitNode] = []
  private(set) var links: [(from: WaitNode, link: WaitStep.Link)] = []

  /// Maximum number of nodes that the search follows.
  static let limit = 4096

  /// Searches the graph from `start`. Nil if the search reaches an open node, because such a node
  /// can end the wait. Nil also beyond ``limit`` nodes.
  init?(from start: WaitNode, in graph: WaitGraph) {
    var isReached: Set<WaitNode> = [start]
    // Depth-first search, so that each clause of the summary continues the previous one.
    var stack = [start]
    while let node = stack.popLast() {
      guard nodes.count < Self.limit, case .waits(let next) = graph.step(node) else { return nil }
      // A node without links does not prove a deadlock: a node that is not known may end its wait.
      guard !next.isEmpty else { return nil }
      nodes.append(node)
      for link in next {
        links.append((node, link))
      }
      for link in next.reversed() where isReached.insert(link.node).inserted {
        stack.append(link.node)
      }
    }
  }

  var threads: [UInt32] {
    nodes.compactMap { if case .thread(let tid) = $0 { tid } else { nil } }
  }

  var rings: [Ring.ID] {
    nodes.compactMap { if case .ring(let id) = $0 { id } else { nil } }
  }

  var requests: [Request.ID] {
    nodes.compactMap { if case .request(let id) = $0 { id } else { nil } }
  }

  func edges(_ graph: WaitGraph) -> [WaitEdge] {
    links.map {
      WaitEdge(from: graph.label($0.from), to: graph.label($0.link.node), text: $0.link.text)
    }
  }

  /// The deadlock in words. If a ring has requests in flight, the processes that could post to it
  /// are left out.
  func clauses() -> [String] {
    var shown: [String] = []
    let first = nodes.first
    for (from, link) in links.sortedByNode(nodes) {
      if case .ring = from, case .process = link.node,
        links.contains(where: { $0.from == from && $0.link.node.isRequest })
      {
        continue
      }
      shown.append(link.text + (link.node == first ? ", the waiting thread itself" : ""))
    }
    return shown
  }
}

extension WaitNode {
  fileprivate var isRequest: Bool { if case .request = self { true } else { false } }
}

extension [(from: WaitNode, link: WaitStep.Link)] {
  fileprivate func sortedByNode(_ nodes: [WaitNode]) -> Self {
    nodes.flatMap { node in filter { $0.from == node } }
  }
}

extension WaitGraph {
  /// The deadlocks of threads that wait for completions and that nothing can wake. Each contains
  /// everything for which its threads wait.
  func deadlocks() -> [Deadlock] {
    guard facts.isComplete else { return [] }
    var found: [Deadlock] = []
    var isCovered: Set<UInt32> = []
    for thread in facts.threads where !isCovered.contains(thread.tid) {
      guard case .cqes(_?) = thread.wait,
        let deadlock = Deadlock(from: .thread(thread.tid), in: self)
      else { continue }
      isCovered.formUnion(deadlock.threads)
      found.append(deadlock)
    }
    return found
  }

  /// Clauses about the chain of waits from a request to the node that could end it.
  func chain(from request: Request.ID) -> [String] {
    var clauses: [String] = []
    var isPassed: Set<WaitNode> = []
    var node = WaitNode.request(request)
    while clauses.count < 8, isPassed.insert(node).inserted {
      switch step(node) {
      case .open(let reason): return clauses + [reason]
      case .waits(let links):
        guard let link = links.first else { return clauses }
        clauses.append(link.text)
        node = link.node
      }
    }
    return clauses
  }
}
