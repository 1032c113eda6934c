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
    Field(
      "address", .address, .nullable,
      meaning:
        "Address of the buffer in the application's memory; null for the kernel's memory, or if unknown."
    ) {
      memory, _ in .unlessZero(memory.address)
    }
  }

  static var segments: Field {
    Field(
      "segments", .number, .nullable,
      meaning: "Pieces of contiguous memory that the buffer consists of."
    ) { memory, _ in
      .unlessZero(memory.segments)
    }
  }

  static var direction: Field {
    Field(
      "direction", .text, .nullable,
      choices: GroupBuffer.Direction.allCases.compactMap { JSONNames.direction($0) },
      meaning:
        "`destination`: requests write into the buffer. `source`: requests read from it. `both`: either."
    ) { memory, _ in .unlessEmpty(JSONNames.direction(memory.direction)) }
  }

  static var kernel: Field {
    Field("kernel", .flag, meaning: "True if the buffer is the kernel's memory, lent by a driver.")
    { memory, _ in
      .flag(memory.isKernel)
    }
  }

  static var tag: Field {
    Field(
      "tag", .address, .nullable,
      meaning:
        "Tag given at registration: the user_data of the CQE that is posted when the kernel releases the buffer."
    ) {
      memory, _ in .unlessZero(memory.tag)
    }
  }

  static var release: Field {
    Field("release", .text, .nullable, meaning: "The kernel function that gives the buffer back.") {
      memory, _ in .unlessEmpty(memory.release)
    }
  }
}
