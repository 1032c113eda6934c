/// The panes below the rings, in the order of their number keys.
enum PaneCatalogue {
  /// - Parameter requestFilter: the initial filter of the lists of requests.
  static func make(hasDemo: Bool = false, requestFilter: String = "") -> [any Pane] {
    let panes: [any Pane] = [
      ListPane<RequestsContent>(filter: requestFilter),
      ListPane<RecentContent>(filter: requestFilter),
      LatencyPane(),
      ListPane<EventsContent>(),
      ListPane<GroupsContent>(),
      ListPane<BuffersContent>(),
      ListPane<FindingsContent>(),
      ListPane<CallsContent>(),
    ]
    return hasDemo ? panes + [DemoPane()] : panes
  }

  /// Names of the panes that large screens add beside the current one, most wanted first.
  private static let companions = ["Demo", "Latency", "Events", "Requests", "Recent"]

  /// Positions of the companions among these panes.
  static func companions(of panes: [any Pane]) -> [Int] {
    companions.compactMap { name in panes.firstIndex { $0.name == name } }
  }

  /// Names that tabs shorten if they do not fit, in this order.
  static let shortNames: KeyValuePairs = [
    "Buffers": "Buf", "Events": "Evt", "Latency": "Lat", "Groups": "Grp", "Findings": "Find",
    "Requests": "Req", "Recent": "Rec",
  ]

  /// Names that tabs leave out if even short names do not fit, in this order; names not listed here are left out last.
  private static let leastWanted = ["Calls", "Buffers", "Events", "Latency", "Groups", "Recent"]

  /// All positions among these panes, in the order in which names are left out.
  static func namesLeftOut(of panes: [any Pane]) -> [Int] {
    let first = leastWanted.compactMap { name in panes.firstIndex { $0.name == name } }
    return first + panes.indices.filter { !first.contains($0) }.reversed()
  }

  /// The pane shown first: with a demonstration, the groups.
  static func initial(of panes: [any Pane]) -> Int {
    panes.contains { $0 is DemoPane } ? panes.firstIndex { $0.name == "Groups" } ?? 0 : 0
  }
}
