/// A dialogue that receives all keys while it is shown.
enum Modal: Sendable {
  /// The help: of a column, or of all keys. It returns to the menu from which it was opened.
  indirect case help(ScrollingText, of: ColumnChoice?, over: Modal?)
  case prompt(Prompt)
  case sortMenu(position: Int)
  case columnMenu(position: Int)
  /// The menu of fields by whose values rows can be summed.
  case totalsMenu(position: Int)
  /// The menu of a field's values, with the totals of their rows.
  case totals(field: Int, position: Int)
  /// A yes-or-no question. With `y` or Enter, the effect is carried out.
  case question(String, Interface.Effect)

  /// Keys and labels of the function bar while the dialogue is shown.
  var bar: [(key: Key, label: String)] {
    switch self {
    case .help: [(.escape, "Close")]
    case .prompt(let prompt): prompt.bar
    case .sortMenu: [(.enter, "Sort"), (.escape, "Cancel")]
    case .columnMenu: [(.function(1), "Help"), (.enter, "Toggle"), (.escape, "Done")]
    case .totalsMenu: [(.enter, "Sum"), (.escape, "Cancel")]
    case .totals: [(.enter, "Filter"), (.escape, "Cancel")]
    case .question: [(.character("y"), "Yes"), (.escape, "No")]
    }
  }
}

/// A dialogue at the bottom of the screen in which the user types a text.
struct Prompt: Sendable {
  enum Kind: Hashable, Sendable { case search, filter, dump, jump }

  var kind: Kind
  var field: TextField
  /// Why the answer was rejected.
  var complaint: String?

  var title: String {
    switch kind {
    case .search: "Search: "
    case .filter: "Filter: "
    case .dump: "Dump to: "
    case .jump: "Jump to: "
    }
  }

  /// Keys and labels of the function bar while the prompt is open.
  var bar: [(key: Key, label: String)] {
    switch kind {
    case .search: [(.function(3), "Next"), (.enter, "Done"), (.escape, "Cancel")]
    case .filter: [(.enter, "Keep"), (.escape, "Clear")]
    case .dump: [(.enter, "Write"), (.escape, "Cancel")]
    case .jump: [(.enter, "Jump"), (.escape, "Cancel")]
    }
  }
}
