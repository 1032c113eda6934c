import Testing
import UringTrace

@testable import UringFields

/// Tests of named filters: `@name` in filter expressions.
@Suite struct NamedFilterTests {
  private static let fields = FieldSet<Int>(
    "numbers", [Field("size", .number, meaning: "") { number, _ in .number(UInt64(number)) }])
  private static let filters = NamedFilters([
    "big": "size>10", "odd": "!size=2 !size=4", "two": "size>1 size<4", "nested": "@big",
    "wrong": "size>big",
  ])

  private func matches(_ text: String, _ number: Int) throws -> Bool {
    try Query(text, over: Self.fields, named: Self.filters)
      .matches(number, in: RecordStream().snapshot())
  }

  private func complaint(_ text: String, named filters: NamedFilters = Self.filters) -> String? {
    do throws(QueryError) {
      _ = try Query(text, over: Self.fields, named: filters)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func aNameStandsForItsTerms() throws {
    #expect(try matches("@big", 11) && !matches("@big", 10))
    #expect(try matches("@big size<20", 11) && !matches("@big size<20", 20))
    #expect(try matches("@two", 3) && !matches("@two", 4))
  }

  @Test func aNameIsNegatedAsAWhole() throws {
    #expect(try matches("!@two", 4) && matches("!@two", 1) && !matches("!@two", 2))
  }

  @Test func aMistakeHasItsPlace() {
    #expect(complaint("size=1 @bgi") == "at 8: no filter is named 'bgi'; did you mean big?")
    #expect(
      complaint("@socket")
        == "at 1: no filter is named 'socket', only big, nested, odd, two, wrong; to search for the text, write \"@socket\" in quotes"
    )
    #expect(complaint("@wrong") == "at 1: in @wrong, at 6: 'big' is not a number")
    #expect(complaint("@nested") == "at 1: in @nested, at 1: a named filter cannot use another")
    #expect(complaint("@unknown", named: .any) == nil)
  }

  /// Other words can begin with @ too, such as the names of sockets in the abstract namespace. They
  /// must not be read as filter names.
  @Test func otherWordsBeginWithTheSignToo() {
    #expect(complaint("@/tmp/.X11") == nil)
    #expect(complaint("\"@socket\"") == nil)
    #expect(complaint("@") == nil)
  }
}
