/// The text that stands in the place of rings where the options of the command line select none.
public enum EmptyRingList {
  public static let text = "no process that the options select has a ring"
}
