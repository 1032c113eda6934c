/// Colour themes, with their names on the command line and in the configuration.
package enum ThemeName: String, CaseIterable, Sendable {
  case dark
  case light
  case colourBlind = "colour-blind"
  case monochrome
}
