import UringProbe
import UringRecordings

/// The features that the kernel supports, as text or as JSON.
struct CapabilityReport {
  private let capabilities: Capabilities

  init(_ capabilities: Capabilities) {
    self.capabilities = capabilities
  }

  /// One JSON document; docs/json.md describes it.
  var json: [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.field("schema", 1)
      json.field("tool", literal: "uringtop")
      json.field("version", Version.current)
      json.field("kernel", capabilities.kernel)
      json.field("tier", capabilities.tier)
      json.field("can_capture", capabilities.canCapture)
      json.field("features", array: capabilities.features) { json, feature in
        json.object { json in
          json.field("name", feature.name)
          json.field("available", feature.isAvailable)
          json.field("reason", feature.reason.isEmpty ? nil : feature.reason)
          json.field("lost_without", feature.lostWithout)
        }
      }
    }
    json.newline()
    return json.bytes
  }

  var text: PlainText {
    var text = PlainText()
    text.line("kernel \(capabilities.kernel), tier \(capabilities.tier)")
    text.line()
    var rows = [["FEATURE", "", "DETAIL", "WITHOUT IT YOU LOSE"]]
    for feature in capabilities.features {
      rows.append([
        feature.name, feature.isAvailable ? "yes" : "NO", feature.reason,
        feature.isAvailable ? "" : feature.lostWithout,
      ])
    }
    // Wide cells are safe here: all texts are from uringtop or from the kernel.
    text.table(rows, rightAligned: [], widestCell: 200)
    return text
  }
}
