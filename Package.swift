// swift-tools-version: 6.2
import PackageDescription

/// Settings for code that is not on the path of a record from the kernel to the model. It is
/// optimised for size, because the size of the binary is limited.
let small: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

let package = Package(
  name: "uringtop",
  products: [
    .executable(name: "uringtop", targets: ["uringtop"]),
    .library(
      name: "UringTrace",
      targets: [
        "UringRecords", "UringTrace", "UringFindings", "UringRecordings", "UringDocuments",
        "UringSources",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.0"),
  ],
  targets: [
    // The C headers of the records, shared by the BPF programs, the Swift code and recordings.
    .systemLibrary(name: "CRecord", path: "bpf/include"),
    // libbpf, and wrappers for the few parts of libbpf that Swift cannot import.
    .target(
      name: "CBPF",
      dependencies: ["CRecord"],
      linkerSettings: [.linkedLibrary("bpf"), .linkedLibrary("elf"), .linkedLibrary("z")]),
    // ncursesw behind a header without macros.
    .target(
      name: "CCurses", dependencies: ["CProcess"],
      linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
    // liburing, and the ublk definitions that older kernel headers lack.
    .target(name: "CURing", linkerSettings: [.linkedLibrary("uring")]),
    // fork and exec, which Swift cannot import.
    .target(name: "CSpawn"),
    // Code that runs before Swift's runtime starts, and after a crash.
    .target(name: "CProcess"),

    // The BPF programs, which `swift build` compiles, deflates and embeds.
    .systemLibrary(name: "CZlib"),
    // The compression of recordings.
    .systemLibrary(name: "CZstd"),
    .executableTarget(name: "EmbedBPF", dependencies: ["CBPF", "CZlib"]),
    .plugin(name: "CompileBPF", capability: .buildTool(), dependencies: ["EmbedBPF"]),
    .target(
      name: "BPFObjects",
      dependencies: ["CZlib"],
      path: "bpf",
      exclude: ["LICENSE", "include", "programs"],
      plugins: ["CompileBPF"]),

    // The record kinds. They are described once, in bpf/include/records; code that depends on the
    // kinds is generated.
    .target(name: "RecordHeaders"),
    .executableTarget(name: "DescribeRecords", dependencies: ["RecordHeaders"]),
    .plugin(
      name: "GenerateRecords", capability: .buildTool(), dependencies: ["DescribeRecords"]),
    .target(name: "UringRecords", dependencies: ["CRecord"], plugins: ["GenerateRecords"]),

    // Basics: threads, locks, the clock, reads of small files, units of time, numbers formatted for
    // people, and C strings.
    .target(name: "UringBase", dependencies: ["CProcess"]),

    // The model of rings and requests, and the aggregator that builds the model from records. It
    // runs on any machine and needs no root.
    .target(
      name: "UringTrace", dependencies: ["CRecord", "UringBase", "UringRecords"],
      plugins: ["GenerateRecords"]),
    // The rules that find problems in a snapshot.
    .target(
      name: "UringFindings", dependencies: ["UringBase", "UringTrace"], swiftSettings: small),
    // The fields that users see (each described once), and the filter expressions that use them.
    .target(
      name: "UringFields",
      dependencies: [
        "CRecord", "UringBase", "UringFindings", "UringRecordings", "UringRecords", "UringTrace",
      ],
      swiftSettings: small),
    // Recordings in files: binary, and as JSON lines.
    .target(
      name: "UringRecordings",
      dependencies: [
        "CRecord", "CZlib", "CZstd", "UringBase", "UringRecords", "UringTrace",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: small),
    // Redaction: copies of recordings without the data that identify the machine or its users.
    .target(
      name: "UringRedaction",
      dependencies: ["CRecord", "UringRecordings", "UringRecords", "UringTrace"],
      swiftSettings: small),
    // The comparison of two recordings of a workload.
    .target(
      name: "UringComparison",
      dependencies: [
        "UringBase", "UringFindings", "UringRecordings", "UringSources", "UringTrace",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: small),
    // The JSON documents of a snapshot and of a report.
    .target(
      name: "UringDocuments",
      dependencies: [
        "UringBase", "UringComparison", "UringFields", "UringFindings", "UringRecordings",
        "UringTrace",
      ],
      swiftSettings: small),
    // Recordings as traces for Perfetto.
    .target(
      name: "UringPerfetto",
      dependencies: [
        "CRecord", "UringFindings", "UringRecordings", "UringRecords", "UringTrace",
      ],
      swiftSettings: small),
    // The user's configuration file: the TOML parser and the settings.
    .target(name: "UringConfiguration", dependencies: ["UringBase"], swiftSettings: small),
    // The common part of all sources of snapshots, the filter, and the source that replays a
    // recording.
    .target(
      name: "UringSources",
      dependencies: ["CRecord", "UringBase", "UringRecordings", "UringRecords", "UringTrace"],
      swiftSettings: small),
    // The live source of snapshots, which loads the BPF programs.
    .target(
      name: "UringProbe",
      dependencies: [
        "CBPF", "BPFObjects", "UringBase", "UringRecordings", "UringRecords", "UringSources",
        "UringTrace",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    // The embedded ublk target, its load, and the fallback workload for machines without ublk.
    .target(
      name: "UblkTarget", dependencies: ["CURing", "UringBase", "UringTrace"],
      swiftSettings: small),
    // The curses UI: it draws snapshots and turns keys into commands. It does not depend on the
    // live source.
    .target(
      name: "UringUI",
      dependencies: [
        "CCurses", "CRecord", "UringBase", "UringConfiguration", "UringFields", "UringFindings",
        "UringRecordings", "UringRecords", "UringSources", "UringTrace",
      ],
      swiftSettings: small),
    // OpenMetrics: the counters as text, and the HTTP server.
    .target(
      name: "UringMetrics",
      dependencies: [
        "UringBase", "UringFindings", "UringTrace",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      swiftSettings: small),
    // The command line.
    .target(
      name: "UringCommands",
      dependencies: [
        "CProcess", "CSpawn", "UblkTarget", "UringBase", "UringComparison", "UringConfiguration",
        "UringDocuments", "UringFields", "UringFindings", "UringMetrics", "UringPerfetto",
        "UringProbe",
        "UringRecordings", "UringRedaction", "UringSources", "UringTrace", "UringUI",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "RealModule", package: "swift-numerics"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: small),
    .executableTarget(
      name: "uringtop", dependencies: ["UringCommands"], swiftSettings: small,
      // In a static binary, a failed allocation calls Sources/CProcess/Crash.c instead of the Swift
      // runtime, which would print a stack trace and abort.
      linkerSettings: [
        .unsafeFlags(["-Xlinker", "--wrap=_ZN5swift28swift_abortAllocationFailureEmm"])
      ]),

    // Fuzzers for untrusted input. They run with libFuzzer, or with a fixed number of inputs in the
    // tests.
    .target(name: "FuzzDriver", path: "Fuzzing/Driver"),
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "CRecord", "FuzzDriver", "UringBase", "UringCommands", "UringConfiguration",
        "UringDocuments", "UringFields", "UringFindings", "UringProbe", "UringRecordings",
        "UringRecords", "UringRedaction", "UringSources", "UringTrace", "UringUI",
      ],
      path: "Fuzzing", exclude: ["Driver", "README.md"]),

    // Live tests: they observe programs, also in guests with other kernels.
    .target(name: "ProbeSupport", dependencies: ["UringTrace"], path: "Tests/ProbeSupport"),
    .executableTarget(
      name: "ProbeCheck", dependencies: ["ProbeSupport", "UringProbe", "UringTrace"],
      path: "Tests/ProbeCheck"),
    // The BPF programs' part of the record transport, compiled for user space.
    .target(
      name: "CTransport", path: "Tests/CTransport",
      cSettings: [
        .headerSearchPath("shims"), .headerSearchPath("../../bpf/programs"),
        .headerSearchPath("../../bpf/include"),
      ]),
    .testTarget(
      name: "UringProbeTests",
      dependencies: [
        "CBPF", "CTransport", "ProbeSupport", "UringBase", "UringProbe", "UringRecords",
        "UringSources",
        "UringTrace", "CRecord",
      ]),

    // Support for tests: runs the binary, and compares recordings with the results that the
    // observed programs print.
    .target(
      name: "TestSupport",
      dependencies: [
        "ProbeSupport", "UringRecordings", "UringSources", "UringTrace",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/TestSupport"),
    // Tests of hard cases with recordings of real programs (Tests/Fixtures).
    .testTarget(
      name: "FixtureTests",
      dependencies: [
        "TestSupport", "UringDocuments", "UringFields", "UringFindings", "UringRecordings",
        "UringSources", "UringTrace",
      ]),
    // Compares all output for every recording with the output that was captured before
    // (Tests/Golden).
    .testTarget(
      name: "GoldenTests",
      dependencies: [
        "TestSupport", "UringDocuments", "UringFields", "UringFindings", "UringMetrics",
        "UringRecordings", "UringSources", "UringTrace", "UringUI", "uringtop",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    // Tests that run the real binary on real programs, on this kernel and on others.
    .testTarget(
      name: "LiveTests",
      dependencies: [
        "ProbeSupport", "TestSupport", "UringFindings", "UringProbe", "UringSources", "UringTrace",
        "uringtop",
      ]),

    // Measures how fast the aggregator consumes records, for scripts/bench.
    .executableTarget(
      name: "ReplayBench",
      dependencies: [
        "UringBase", "UringRecordings", "UringRecords", "UringTrace", "CRecord",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Benchmarks/Replay"),

    // Tests of the headers' description, of the code generated from it, and of the records in
    // memory.
    .testTarget(
      name: "UringRecordsTests", dependencies: ["RecordHeaders", "UringRecords", "CRecord"],
      plugins: ["GenerateRecords"]),
    .testTarget(
      name: "UringTraceTests",
      dependencies: [
        "UringBase", "UringComparison", "UringConfiguration", "UringDocuments", "UringFields",
        "UringFindings", "UringMetrics", "UringRecordings", "UringRecords", "UringRedaction",
        "UringSources", "UringTrace", "CRecord",
        // The reference with which LatencyHistogram must agree.
        .product(name: "Histogram", package: "hdrhistogram-swift"),
        .product(name: "RealModule", package: "swift-numerics"),
      ]),
    // Tests of the command line with the real binary.
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "ProbeSupport", "TestSupport", "uringtop", "UringFields", "UringPerfetto",
        "UringRecordings",
      ],
      exclude: ["Recordings"]),
    .testTarget(
      name: "UblkTargetTests", dependencies: ["ProbeSupport", "UblkTarget", "CURing", "UringBase"]),
    .testTarget(
      name: "UringUITests",
      dependencies: [
        "ProbeSupport", "UringConfiguration", "UringUI", "UringFindings", "UringRecordings",
        "UringRecords", "UringSources", "UringTrace", "CRecord",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// `make fuzz` instruments all Swift code for libFuzzer, and builds it in separate folders.
if let libFuzzer = Context.environment["URINGTOP_FUZZ"] {
  let countsLines = Context.environment["URINGTOP_COVERAGE"] != nil
  let instrumentation =
    countsLines
    ? ["-profile-generate", "-profile-coverage-mapping"] : ["-Xfrontend", "-sanitize=fuzzer"]
  let fuzz = package.targets.first { $0.name == "Fuzz" }!
  let libraries = Set(
    package.targets.filter { $0.type == .regular && $0.name.hasPrefix("Uring") }.map(\.name))
  for target in package.targets where libraries.contains(target.name) {
    target.swiftSettings =
      (target.swiftSettings ?? []) + [.unsafeFlags(["-enable-testing"] + instrumentation)]
  }
  fuzz.swiftSettings = [.define("LIBFUZZER")]
  fuzz.linkerSettings = [
    .unsafeFlags([libFuzzer] + (countsLines ? ["-profile-generate"] : [])),
    .linkedLibrary("stdc++"),
  ]
}
