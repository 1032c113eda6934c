import UringConfiguration

/// The colours and attributes of each ``Style``.
struct Theme: Sendable {
  /// The brightness of a terminal's background.
  enum Background: Sendable {
    case dark, light, unknown

    /// Reads the colour behind text: the last number of `COLORFGBG` ("15;0"), which some terminals
    /// set.
    init(colorFGBG text: String?) {
      switch text?.split(separator: ";").last.flatMap({ Int($0) }) ?? -1 {
      case 0...6, 8: self = .dark
      case 7, 9...15: self = .light
      default: self = .unknown
      }
    }
  }

  private var appearances: [Appearance]

  subscript(style: Style) -> Appearance { appearances[Int(style.rawValue)] }

  /// - Parameter changed: the styles that do not look like normal text.
  private init(_ changed: [Style: Appearance]) {
    appearances = Style.allCases.map { changed[$0] ?? Appearance() }
  }

  /// - Parameters:
  ///   - name: nil for the theme that suits the background.
  ///   - colours: number of colours of the terminal.
  init(_ name: ThemeName?, colours: Int, background: Background) {
    let hasMany = colours >= 256
    guard colours >= 8 else {
      self = .monochrome
      return
    }
    switch (name, background) {
    case (nil, .unknown): self = hasMany ? .either : .darkOfEight
    case (.dark, _), (nil, .dark): self = hasMany ? .dark : .darkOfEight
    case (.light, _), (nil, .light): self = hasMany ? .light : .lightOfEight
    case (.colourBlind, .light): self = hasMany ? .blueOrangeOnLight : .blueOnLightOfEight
    case (.colourBlind, _): self = hasMany ? .blueOrange : .blueOrangeOfEight
    case (.monochrome, _): self = .monochrome
    }
  }

  private func changing(_ changed: [Style: Appearance]) -> Theme {
    var theme = self
    for (style, appearance) in changed { theme.appearances[Int(style.rawValue)] = appearance }
    return theme
  }
}

// Colours have the numbers of xterm: 0 to 7 are black, red, green, yellow, blue, magenta, cyan and
// white; from 16 on there is a cube of colours, and from 232 on there are greys. Terminals may show
// the colours 0 to 7 brighter if the text is bold.
extension Theme {
  private static let bold = Appearance.bold
  private static let underline = Appearance.underline
  private static let reverse = Appearance.reverse

  /// The theme for dark or unknown backgrounds, with the eight colours that every colour terminal
  /// has.
  static let darkOfEight = Theme([
    .faint: Appearance(0, bold), .strong: Appearance(-1, bold), .label: Appearance(6),
    .good: Appearance(2), .warning: Appearance(3), .error: Appearance(1, bold),
    .value: Appearance(-1, bold), .name: Appearance(6), .title: Appearance(6),
    .titleFocused: Appearance(6, bold), .columns: Appearance(0, on: 2),
    .columnSorted: Appearance(0, on: 6), .selected: Appearance(0, on: 6),
    .selectedIdle: Appearance(0, on: 7), .match: Appearance(0, on: 3),
    .keyLabel: Appearance(0, on: 6), .tab: Appearance(6), .tabActive: Appearance(0, on: 2),
    .bar: Appearance(2), .barHigh: Appearance(1), .alarm: Appearance(7, on: 1, bold),
  ])

  /// The theme for dark backgrounds with 256 colours. It differs from ``darkOfEight`` only in its
  /// grey, which is not readable with eight colours.
  static let dark = darkOfEight.changing([.faint: Appearance(245)])

  /// The theme for an unknown background. The brightness of text is about halfway between white and
  /// black, so that it can be read on both.
  static let either = darkOfEight.changing([
    .faint: Appearance(243), .label: Appearance(30), .good: Appearance(28),
    .warning: Appearance(130), .error: Appearance(160, bold), .name: Appearance(30),
    .title: Appearance(30), .titleFocused: Appearance(30, bold), .tab: Appearance(30),
    .bar: Appearance(28), .barHigh: Appearance(160),
  ])

  /// The theme for light backgrounds with 256 colours. Text has a contrast of at least 4.5:1 with
  /// white.
  static let light = Theme([
    .faint: Appearance(242), .strong: Appearance(-1, bold), .label: Appearance(24),
    .good: Appearance(22), .warning: Appearance(130), .error: Appearance(124, bold),
    .value: Appearance(-1, bold), .name: Appearance(24), .title: Appearance(24),
    .titleFocused: Appearance(24, bold), .columns: Appearance(231, on: 24),
    .columnSorted: Appearance(231, on: 238), .selected: Appearance(16, on: 153),
    .selectedIdle: Appearance(16, on: 252), .match: Appearance(16, on: 222),
    .keyLabel: Appearance(16, on: 152), .tab: Appearance(24), .tabActive: Appearance(231, on: 24),
    .bar: Appearance(28), .barHigh: Appearance(160), .alarm: Appearance(231, on: 124, bold),
  ])

  /// The theme for light backgrounds with eight colours. Red is not bold, because bright red is too
  /// pale. Green is too pale as well, and is replaced by the normal text colour.
  static let lightOfEight = Theme([
    .strong: Appearance(-1, bold), .label: Appearance(4), .warning: Appearance(5),
    .error: Appearance(1), .value: Appearance(-1, bold), .name: Appearance(4),
    .title: Appearance(4), .titleFocused: Appearance(-1, bold), .columns: Appearance(7, on: 4),
    .columnSorted: Appearance(7, on: 0), .selected: Appearance(0, on: 6),
    .selectedIdle: Appearance(0, on: 7), .match: Appearance(0, on: 6),
    .keyLabel: Appearance(0, on: 6), .tab: Appearance(4), .tabActive: Appearance(7, on: 4),
    .bar: Appearance(4), .barHigh: Appearance(1), .alarm: Appearance(7, on: 1, bold),
  ])

  /// The colour-blind theme: blue for good and orange for bad. People who confuse red with green
  /// can distinguish these colours.
  static let blueOrange = Theme([
    .faint: Appearance(245), .strong: Appearance(-1, bold), .label: Appearance(110),
    .good: Appearance(39), .warning: Appearance(214), .error: Appearance(208, bold | underline),
    .value: Appearance(-1, bold), .name: Appearance(110), .title: Appearance(110),
    .titleFocused: Appearance(110, bold), .columns: Appearance(16, on: 110),
    .columnSorted: Appearance(16, on: 214), .selected: Appearance(16, on: 153),
    .selectedIdle: Appearance(16, on: 250), .match: Appearance(16, on: 214),
    .keyLabel: Appearance(16, on: 110), .tab: Appearance(110), .tabActive: Appearance(16, on: 153),
    .bar: Appearance(39), .barHigh: Appearance(214), .alarm: Appearance(16, on: 208, bold),
  ])

  static let blueOrangeOnLight = Theme([
    .faint: Appearance(242), .strong: Appearance(-1, bold), .label: Appearance(24),
    .good: Appearance(25), .warning: Appearance(130), .error: Appearance(130, bold | underline),
    .value: Appearance(-1, bold), .name: Appearance(24), .title: Appearance(24),
    .titleFocused: Appearance(24, bold), .columns: Appearance(231, on: 25),
    .columnSorted: Appearance(231, on: 130), .selected: Appearance(16, on: 153),
    .selectedIdle: Appearance(16, on: 252), .match: Appearance(16, on: 222),
    .keyLabel: Appearance(16, on: 152), .tab: Appearance(24), .tabActive: Appearance(231, on: 25),
    .bar: Appearance(25), .barHigh: Appearance(130), .alarm: Appearance(231, on: 130, bold),
  ])

  /// The colour-blind theme with eight colours, which have no orange.
  static let blueOrangeOfEight = darkOfEight.changing([
    .good: Appearance(6), .error: Appearance(3, bold | underline), .columns: Appearance(0, on: 6),
    .columnSorted: Appearance(0, on: 3), .selected: Appearance(0, on: 7),
    .selectedIdle: Appearance(-1, underline), .tabActive: Appearance(0, on: 6),
    .bar: Appearance(6), .barHigh: Appearance(3), .alarm: Appearance(0, on: 3),
  ])

  /// The colour-blind theme for light backgrounds with eight colours. Bad is bold or underlined: of
  /// the eight colours, only blue is both dark and distinguishable for colour-blind people.
  static let blueOnLightOfEight = lightOfEight.changing([
    .good: Appearance(4), .warning: Appearance(-1, bold), .error: Appearance(-1, bold | underline),
    .barHigh: Appearance(0), .alarm: Appearance(-1, reverse | bold),
  ])

  /// The theme without colours, which uses only attributes.
  static let monochrome = Theme([
    .strong: Appearance(-1, bold), .value: Appearance(-1, bold), .error: Appearance(-1, bold),
    .titleFocused: Appearance(-1, bold), .columns: Appearance(-1, reverse),
    .selected: Appearance(-1, reverse), .keyLabel: Appearance(-1, reverse),
    .tabActive: Appearance(-1, reverse), .alarm: Appearance(-1, reverse),
    .match: Appearance(-1, reverse), .columnSorted: Appearance(-1, reverse | bold),
    .selectedIdle: Appearance(-1, underline),
  ])
}
