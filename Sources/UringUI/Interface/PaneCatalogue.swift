/// The panes below the rings, in the order of their number keys.
enum PaneCatalogue {
  static func make() -> [any Pane] {
    [
      ListPane<RequestsContent>(),
      ListPane<RecentContent>(),
      LatencyPane(),
      ListPane<EventsContent>(),
    ]
  }

  /// Positions of the panes that large screens add beside the current one, most wanted first.
  static let companions = [2, 3, 0, 1]
}
