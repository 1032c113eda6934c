import Foundation
import PackagePlugin

/// Generates the source files that depend on the record kinds, from the headers in bpf/include.
@main
struct GenerateRecords: BuildToolPlugin {
  /// The output for each target: DescribeRecords' name for it, and the generated file.
  private static let outputs: [String: (name: String, file: String)] = [
    "UringRecords": ("descriptors", "RecordDescriptors.swift"),
    "UringTrace": ("dispatch", "RecordHandler.swift"),
    "UringRecordsTests": ("layout-checks", "LayoutCheck.swift"),
  ]

  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    guard let output = Self.outputs[target.name] else { return [] }
    let includes = context.package.directoryURL.appending(path: "bpf/include")
    let file = context.pluginWorkDirectoryURL.appending(path: output.file)
    return [
      .buildCommand(
        displayName: "Describing records for \(target.name)",
        executable: try context.tool(named: "DescribeRecords").url,
        arguments: [includes.path(), output.name, file.path()],
        inputFiles: [includes.appending(path: "record.h")]
          + (try headers(in: includes.appending(path: "records"))),
        outputFiles: [file])
    ]
  }

  private func headers(in folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "h" }
      .sorted { $0.path() < $1.path() }
  }
}
