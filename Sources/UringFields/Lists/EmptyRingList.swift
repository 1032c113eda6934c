/// The text that is shown if command-line options select no ring.
public enum EmptyRingList {
  public static let text = "no process selected by the options has a ring"
}
