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

  /// Names of the panes that large screens show in addition to the current pane, most wanted first.
  private static let companions = ["Demo", "Latency", "Events", "Requests", "Recent"]

  /// Positions, among `panes`, of the panes that large screens add.
  static func companions(of panes: [any Pane]) -> [Int] {
    companions.compactMap { name in panes.firstIndex { $0.name == name } }
  }

  /// Short names of panes. If the tabs do not fit, names are shortened in this order.
  static let shortNames: KeyValuePairs = [
    "Buffers": "Buf", "Events": "Evt", "Latency": "Lat", "Groups": "Grp", "Findings": "Find",
    "Requests": "Req", "Recent": "Rec", "Calls": "Call",
  ]

  /// If the tabs do not fit even with short names, names are left out in this order. All other
  /// names are left out last.
  private static let leastWanted = ["Calls", "Buffers", "Events", "Latency", "Groups", "Recent"]

  /// Positions of all panes, in the order in which tabs leave out their names.
  static func namesLeftOut(of panes: [any Pane]) -> [Int] {
    let first = leastWanted.compactMap { name in panes.firstIndex { $0.name == name } }
    return first + panes.indices.filter { !first.contains($0) }.reversed()
  }

  /// Position of the pane shown first: the groups during a demonstration, otherwise the first pane.
  static func initial(of panes: [any Pane]) -> Int {
    panes.contains { $0 is DemoPane } ? panes.firstIndex { $0.name == "Groups" } ?? 0 : 0
  }
}
