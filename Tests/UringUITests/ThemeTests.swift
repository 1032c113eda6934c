import Foundation
import Testing
import UringConfiguration

@testable import UringUI

/// Tests that the themes' colours are readable and distinguishable with xterm's default palette.
@Suite struct ThemeTests {
  /// A colour as its red, green and blue channels, from 0 to 255.
  private struct Colour {
    var channels: [Double]

    static let white = Colour(channels: [255, 255, 255])
    static let black = Colour(channels: [0, 0, 0])

    /// - Parameter number: The colour's number in xterm's palette of 256.
    init(number: Int32) {
      let first: [[Double]] = [
        [0, 0, 0], [205, 0, 0], [0, 205, 0], [205, 205, 0], [0, 0, 238], [205, 0, 205],
        [0, 205, 205], [229, 229, 229], [127, 127, 127], [255, 0, 0], [0, 255, 0], [255, 255, 0],
        [92, 92, 255], [255, 0, 255], [0, 255, 255], [255, 255, 255],
      ]
      let levels: [Double] = [0, 95, 135, 175, 215, 255]
      switch Int(number) {
      case 0..<16: channels = first[Int(number)]
      case 16..<232:
        let cube = Int(number) - 16
        channels = [levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6]]
      default: channels = Array(repeating: Double(8 + 10 * (Int(number) - 232)), count: 3)
      }
    }

    init(channels: [Double]) { self.channels = channels }

    /// Red, green and blue from 0 to 1, proportional to the emitted light.
    var linear: [Double] {
      channels.map {
        let value = $0 / 255
        return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
      }
    }

    var luminance: Double { zip([0.2126, 0.7152, 0.0722], linear).reduce(0) { $0 + $1.0 * $1.1 } }

    /// The contrast ratio as WCAG 2 defines it, from 1 to 21.
    func contrast(with other: Colour) -> Double {
      let (a, b) = (luminance + 0.05, other.luminance + 0.05)
      return max(a, b) / min(a, b)
    }

    /// Returns the colour as people without one kind of cone cell see it (Machado, Oliveira and
    /// Fernandes 2009).
    func seen(by matrix: [[Double]]) -> [Double] {
      matrix.map { row in min(1, max(0, zip(row, linear).reduce(0) { $0 + $1.0 * $1.1 })) }
    }
  }

  private static let deuteranopia = [
    [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
  ]
  private static let protanopia = [
    [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ]

  /// Returns the text and background colours of a style. xterm makes text colours 0 to 7 brighter
  /// if the text is bold.
  private func colours(_ look: Appearance, on background: Colour) -> (text: Colour, behind: Colour)
  {
    let isBright = look.attributes & Appearance.bold != 0 && 0..<8 ~= look.foreground
    let number = look.foreground + (isBright ? 8 : 0)
    let own = background.luminance > 0.5 ? Colour.black : .white
    return (
      look.foreground < 0 ? own : Colour(number: number),
      look.background < 0 ? background : Colour(number: look.background)
    )
  }

  @Test(arguments: [ThemeName.light, .colourBlind], [8, 256])
  func textIsReadableOnWhite(_ name: ThemeName, _ count: Int) {
    let theme = Theme(name, colours: count, background: .light)
    for style in Style.allCases {
      let (text, behind) = colours(theme[style], on: .white)
      let contrast = text.contrast(with: behind)
      #expect(contrast >= 4.5, "\(style) \(contrast)")
    }
  }

  @Test(arguments: [Colour.white, .black])
  private func withoutAnIdeaOfTheBackgroundTextIsReadableOnAny(_ background: Colour) {
    let theme = Theme(nil, colours: 256, background: .unknown)
    for style in Style.allCases where theme[style].background < 0 {
      let (text, behind) = colours(theme[style], on: background)
      let contrast = text.contrast(with: behind)
      #expect(contrast >= 3.8, "\(style) \(contrast)")
    }
  }

  @Test(arguments: [ThemeName.dark, .colourBlind])
  func textIsReadableOnBlack(_ name: ThemeName) {
    let theme = Theme(name, colours: 256, background: .dark)
    // Excludes the dark theme's red, which is as dark as the red of the eight basic colours. Its
    // text is bold instead.
    for style in Style.allCases where name != .dark || ![.error, .barHigh].contains(style) {
      let (text, behind) = colours(theme[style], on: .black)
      let contrast = text.contrast(with: behind)
      #expect(contrast >= 4.5, "\(style) \(contrast)")
    }
  }

  @Test(arguments: [Theme.Background.dark, .light], [8, 256])
  func colourBlindPeopleTellGoodFromBad(_ background: Theme.Background, _ count: Int) {
    let theme = Theme(.colourBlind, colours: count, background: background)
    let behind = background == .light ? Colour.white : .black
    let styles: [Style] = [.good, .warning, .error]
    for matrix in [Self.deuteranopia, Self.protanopia] {
      for (a, b) in [(styles[0], styles[1]), (styles[1], styles[2]), (styles[0], styles[2])] {
        if theme[a].attributes != theme[b].attributes { continue }
        let first = colours(theme[a], on: behind).text.seen(by: matrix)
        let second = colours(theme[b], on: behind).text.seen(by: matrix)
        let distance = zip(first, second).reduce(0) { $0 + abs($1.0 - $1.1) }
        #expect(distance > 0.5, "\(a) \(b) \(distance)")
      }
    }
    let bars = [Style.bar, .barHigh].map { colours(theme[$0], on: behind).text }
    for matrix in [Self.deuteranopia, Self.protanopia] {
      let distance = zip(bars[0].seen(by: matrix), bars[1].seen(by: matrix)).reduce(0) {
        $0 + abs($1.0 - $1.1)
      }
      #expect(distance > 0.5, "bars \(distance)")
    }
  }

  @Test func monochromeHasNoColours() {
    for theme in [
      Theme(.monochrome, colours: 256, background: .light),
      Theme(.light, colours: 0, background: .light),
    ] {
      for style in Style.allCases {
        #expect(theme[style].foreground == -1 && theme[style].background == -1)
      }
    }
  }

  @Test(
    arguments: [
      (nil, .unknown), ("", .unknown), ("15;0", .dark), ("0;15", .light), ("0;default;15", .light),
      ("12;8", .dark), ("0;7", .light), ("0;default", .unknown), ("0;-3", .unknown),
      ("0;99", .unknown),
    ] as [(String?, Theme.Background)])
  func theTerminalNamesItsBackground(_ variable: String?, _ background: Theme.Background) {
    #expect(Theme.Background(colorFGBG: variable) == background)
  }
}
