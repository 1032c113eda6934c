import Foundation
import PackagePlugin

/// Compiles every `programs/NAME.bpf.c` of its target and embeds the object as `EmbeddedObject.NAME`.
/// Headers are in folders of `programs`, and named relative to it.
///
/// The Swift toolchain's own clang has the `bpf` target, so no other compiler is needed.
@main
struct CompileBPF: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let programs = target.directoryURL.appending(path: "programs")
    let includes = target.directoryURL.appending(path: "include")
    let sources = try files(below: programs).filter { $0.lastPathComponent.hasSuffix(".bpf.c") }
    // There are no dependency files: every header is an input of every object.
    let headers = try (files(below: programs) + files(below: includes))
      .filter { $0.pathExtension == "h" }
    let clang = try context.tool(named: "clang").url
    let objcopy = try context.tool(named: "llvm-objcopy").url
    let embed = try context.tool(named: "EmbedBPF").url

    let names = sources.map { String($0.lastPathComponent.dropLast(".bpf.c".count)) }
    let list = context.pluginWorkDirectoryURL.appending(path: "all.swift")
    let all = Command.buildCommand(
      displayName: "Listing BPF objects", executable: embed,
      arguments: ["all", list.path()] + names,
      inputFiles: [], outputFiles: [list])
    return [all]
      + zip(sources, names).map { source, name in
        let output = context.pluginWorkDirectoryURL.appending(path: "\(name).swift")
        return .buildCommand(
          displayName: "Compiling BPF \(name)",
          executable: embed,
          arguments: [
            name, source.path(), programs.path(), includes.path(), clang.path(), objcopy.path(),
            output.path(),
          ],
          inputFiles: [source] + headers,
          outputFiles: [output])
      }
  }

  private func files(below folder: URL) throws -> [URL] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path())
      .sorted()
      .map { folder.appending(path: $0) }
  }
}
