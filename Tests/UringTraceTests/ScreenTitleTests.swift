import Testing
import UringFindings
import UringTrace

@testable import UringFields

/// Tests of the screen's column titles, each of which stands for one or several fields.
@Suite struct ScreenTitleTests {
  private func expectFields<Entity>(_ set: FieldSet<Entity>) throws {
    let titles = try #require(ScreenTitle.all[set.name])
    for (title, keys) in titles {
      #expect(set.field(title) == nil, "\(title) is a field itself")
      for key in keys { #expect(set.field(key)?.key == key, "\(key) of \(title)") }
    }
  }

  @Test func eachStandsForFieldsThatThereAre() throws {
    try expectFields(FieldSet<Request>.requests)
    try expectFields(FieldSet<Ring>.rings)
    try expectFields(FieldSet<Finding>.findings)
    try expectFields(FieldSet<Buffer>.buffers)
    try expectFields(FieldSet<OpcodeLatency>.latency)
    try expectFields(FieldSet<SystemCalls>.systemCalls)
    try expectFields(FieldSet<Event>.events)
    #expect(ScreenTitle.all.count == 7)
  }
}
