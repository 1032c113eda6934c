// swift-tools-version: 6.2
import PackageDescription

/// For code off the path of a record from the kernel to the model: the size of the binary is limited.
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
    // What BPF, Swift and recordings share: one C header.
    .systemLibrary(name: "CRecord", path: "bpf/include"),
    // libbpf, and the few things of it that Swift cannot import.
    .target(
      name: "CBPF",
      dependencies: ["CRecord"],
      linkerSettings: [.linkedLibrary("bpf"), .linkedLibrary("elf"), .linkedLibrary("z")]),
    // ncursesw behind a header without macros.
    .target(
      name: "CCurses", dependencies: ["CProcess"],
      linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
    // liburing, and the ublk interface that older headers lack.
    .target(name: "CURing", linkerSettings: [.linkedLibrary("uring")]),
    // fork and exec, which Swift does not import.
    .target(name: "CSpawn"),
    // The process before Swift's runtime starts and after a crash.
    .target(name: "CProcess"),

    // The BPF programs, compiled, deflated and embedded by `swift build`.
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

    // The records: described once, in bpf/include/records; what depends on their kinds is generated.
    .target(name: "RecordHeaders"),
    .executableTarget(name: "DescribeRecords", dependencies: ["RecordHeaders"]),
    .plugin(
      name: "GenerateRecords", capability: .buildTool(), dependencies: ["DescribeRecords"]),
    .target(name: "UringRecords", dependencies: ["CRecord"], plugins: ["GenerateRecords"]),

    // Thread, lock, clock and small reads of files; units of time, numbers for people and C strings.
    .target(name: "UringBase", dependencies: ["CProcess"]),

    // The domain runs anywhere and needs no root. The model, and the aggregator that rebuilds it from
    // records.
    .target(
      name: "UringTrace", dependencies: ["CRecord", "UringBase", "UringRecords"],
      plugins: ["GenerateRecords"]),
    // The rules that find problems in a snapshot.
    .target(
      name: "UringFindings", dependencies: ["UringBase", "UringTrace"], swiftSettings: small),
    // The facts that users see, each described once, and the expressions that select by them.
    .target(
      name: "UringFields",
      dependencies: [
        "CRecord", "UringBase", "UringFindings", "UringRecordings", "UringRecords", "UringTrace",
      ],
      swiftSettings: small),
    // Traces in files: binary, and as JSON lines.
    .target(
      name: "UringRecordings",
      dependencies: [
        "CRecord", "CZlib", "CZstd", "UringBase", "UringRecords", "UringTrace",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: small),
    // Copies of recordings without what identifies the machine or its users.
    .target(
      name: "UringRedaction",
      dependencies: ["CRecord", "UringRecordings", "UringRecords", "UringTrace"],
      swiftSettings: small),
    // Comparison of two recordings of a workload.
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
    // The user's configuration: the file's TOML, and what it says.
    .target(name: "UringConfiguration", dependencies: ["UringBase"], swiftSettings: small),
    // What all sources of snapshots have in common; the filter; the source that plays a recording.
    .target(
      name: "UringSources",
      dependencies: ["CRecord", "UringBase", "UringRecordings", "UringRecords", "UringTrace"],
      swiftSettings: small),
    // The live source.
    .target(
      name: "UringProbe",
      dependencies: [
        "CBPF", "BPFObjects", "UringBase", "UringRecordings", "UringRecords", "UringSources",
        "UringTrace",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    // The embedded ublk target, its load, and what takes its place without ublk.
    .target(
      name: "UblkTarget", dependencies: ["CURing", "UringBase", "UringTrace"],
      swiftSettings: small),
    // The curses UI: draws snapshots, turns keys into commands. Knows no live source.
    .target(
      name: "UringUI",
      dependencies: [
        "CCurses", "CRecord", "UringBase", "UringConfiguration", "UringFields", "UringFindings",
        "UringRecordings", "UringRecords", "UringSources", "UringTrace",
      ],
      swiftSettings: small),
    // OpenMetrics: what is counted, as text and over HTTP.
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
      // In a static binary, a failed allocation ends in Sources/CProcess/Crash.c, not in the runtime, which would print a
      // stack trace and abort.
      linkerSettings: [
        .unsafeFlags(["-Xlinker", "--wrap=_ZN5swift28swift_abortAllocationFailureEmm"])
      ]),

    // Inputs from strangers: with libFuzzer, or a fixed number of them in the tests.
    .target(name: "FuzzDriver", path: "Fuzzing/Driver"),
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "CRecord", "FuzzDriver", "UringBase", "UringCommands", "UringConfiguration",
        "UringDocuments", "UringFields", "UringFindings", "UringProbe", "UringRecordings",
        "UringRecords", "UringRedaction", "UringSources", "UringTrace", "UringUI",
      ],
      path: "Fuzzing", exclude: ["Driver", "README.md"]),

    // Live tests: programs under observation, also in guests with other kernels.
    .target(name: "ProbeSupport", dependencies: ["UringTrace"], path: "Tests/ProbeSupport"),
    .executableTarget(
      name: "ProbeCheck", dependencies: ["ProbeSupport", "UringProbe", "UringTrace"],
      path: "Tests/ProbeCheck"),
    // The BPF programs' side of the transport, for user space.
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

    // What recordings and programs say, beside each other; running the binary.
    .target(
      name: "TestSupport",
      dependencies: [
        "ProbeSupport", "UringRecordings", "UringSources", "UringTrace",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/TestSupport"),
    // The hard cases, on recordings of real programs: Tests/Fixtures.
    .testTarget(
      name: "FixtureTests",
      dependencies: [
        "TestSupport", "UringDocuments", "UringFields", "UringFindings", "UringRecordings",
        "UringSources", "UringTrace",
      ]),
    // All output for every recording, beside the output that was captured: Tests/Golden.
    .testTarget(
      name: "GoldenTests",
      dependencies: [
        "TestSupport", "UringDocuments", "UringFields", "UringFindings", "UringMetrics",
        "UringRecordings", "UringSources", "UringTrace", "UringUI", "uringtop",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    // Real programs under the real binary, on this kernel and on others.
    .testTarget(
      name: "LiveTests",
      dependencies: [
        "ProbeSupport", "TestSupport", "UringFindings", "UringProbe", "UringSources", "UringTrace",
        "uringtop",
      ]),

    // Records through the aggregator, for scripts/bench.
    .executableTarget(
      name: "ReplayBench",
      dependencies: [
        "UringBase", "UringRecordings", "UringRecords", "UringTrace", "CRecord",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Benchmarks/Replay"),

    // The headers' description, what is generated from it, and the records in memory.
    .testTarget(
      name: "UringRecordsTests", dependencies: ["RecordHeaders", "UringRecords", "CRecord"],
      plugins: ["GenerateRecords"]),
    .testTarget(
      name: "UringTraceTests",
      dependencies: [
        "UringBase", "UringComparison", "UringConfiguration", "UringDocuments", "UringFields",
        "UringFindings", "UringMetrics", "UringRecordings", "UringRecords", "UringRedaction",
        "UringSources", "UringTrace", "CRecord",
        // What LatencyHistogram has to agree with.
        .product(name: "Histogram", package: "hdrhistogram-swift"),
        .product(name: "RealModule", package: "swift-numerics"),
      ]),
    // The command line as its users see it: the real binary.
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

// `make fuzz`: all Swift code instrumented for libFuzzer, in build folders of its own.
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
