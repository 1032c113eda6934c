/// How the screen looks, by the names that users give.
package enum ThemeName: String, CaseIterable, Sendable {
  case dark
  case light
  case colourBlind = "colour-blind"
  case monochrome
}
