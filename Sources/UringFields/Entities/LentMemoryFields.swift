import UringRecordings
import UringTrace

/// The memory of a buffer, in a ring's table or in a group.
protocol LentMemory: Sendable {
  var address: UInt64 { get }
  var segments: UInt32 { get }
  var direction: GroupBuffer.Direction { get }
  var isKernel: Bool { get }
  var tag: UInt64 { get }
  var release: String { get }
}

extension Buffer: LentMemory {}
extension GroupBuffer: LentMemory {}

extension Field where Entity: LentMemory {
  static var address: Field {
    Field("address", .address, .nullable, meaning: "Its address; null for the kernel's memory.") {
      memory, _ in .unlessZero(memory.address)
    }
  }

  static var segments: Field {
    Field("segments", .number, .nullable, meaning: "Its segments.") { memory, _ in
      .unlessZero(memory.segments)
    }
  }

  static var direction: Field {
    Field(
      "direction", .text, .nullable,
      choices: GroupBuffer.Direction.allCases.compactMap { JSONNames.direction($0) },
      meaning: "`destination`: bytes go into it. `source`: bytes come from it."
    ) { memory, _ in .unlessEmpty(JSONNames.direction(memory.direction)) }
  }

  static var kernel: Field {
    Field("kernel", .flag, meaning: "True for the kernel's memory.") { memory, _ in
      .flag(memory.isKernel)
    }
  }

  static var tag: Field {
    Field("tag", .address, .nullable, meaning: "The user_data of the CQE that its release posts.") {
      memory, _ in .unlessZero(memory.tag)
    }
  }

  static var release: Field {
    Field("release", .text, .nullable, meaning: "The kernel function that gives it back.") {
      memory, _ in .unlessEmpty(memory.release)
    }
  }
}
