import Foundation
import Testing

@testable import UringUI

/// Colours can be read whatever the terminal's background is.
@Suite struct StyleTests {
  /// Contrast of two relative luminances, as WCAG defines it.
  private static func contrast(_ one: Double, _ other: Double) -> Double {
    (max(one, other) + 0.05) / (min(one, other) + 0.05)
  }

  /// Relative luminance of one of the colours 16 to 255 of xterm.
  private static func luminance(_ colour: Int32) -> Double {
    let number = Int(colour) - 16
    let grey = 8 + (Int(colour) - 232) * 10
    let cube = [number / 36, number / 6 % 6, number % 6].map { $0 == 0 ? 0 : 55 + $0 * 40 }
    let levels = colour >= 232 ? [grey, grey, grey] : cube
    let linear = levels.map { level -> Double in
      let part = Double(level) / 255
      return part <= 0.03928 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  }

  @Test(arguments: Style.allCases)
  func textCanBeReadOnWhiteAndOnBlack(style: Style) {
    let appearance = Theme.manyColours[style]
    guard appearance.background < 0, appearance.foreground >= 0 else { return }
    #expect(appearance.foreground >= 16, "terminals give the first colours any shade")
    let luminance = Self.luminance(appearance.foreground)
    #expect(Self.contrast(luminance, 0) > 3.8)
    #expect(Self.contrast(luminance, 1) > 4.2)
  }
}
