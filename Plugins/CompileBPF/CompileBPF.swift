import Foundation
import PackagePlugin

/// Compiles every `programs/NAME.bpf.c` of its target and embeds the object as `EmbeddedObject.NAME`.
///
/// The Swift toolchain's own clang has the `bpf` target, so no other compiler is needed.
@main
struct CompileBPF: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let programs = target.directoryURL.appending(path: "programs")
    let includes = target.directoryURL.appending(path: "include")
    let sources = try files(in: programs)
    // There are no dependency files: every header is an input of every object.
    let headers =
      (sources + (try files(in: includes))
      + (try files(in: includes.appending(path: "records"))))
      .filter { $0.pathExtension == "h" }
    let clang = try context.tool(named: "clang").url
    let objcopy = try context.tool(named: "llvm-objcopy").url
    let embed = try context.tool(named: "EmbedBPF").url

    return sources.filter { $0.lastPathComponent.hasSuffix(".bpf.c") }.map { source in
      let name = String(source.lastPathComponent.dropLast(".bpf.c".count))
      let output = context.pluginWorkDirectoryURL.appending(path: "\(name).swift")
      return .buildCommand(
        displayName: "Compiling BPF \(name)",
        executable: embed,
        arguments: [
          name, source.path(), includes.path(), clang.path(), objcopy.path(), output.path(),
        ],
        inputFiles: [source] + headers,
        outputFiles: [output])
    }
  }

  private func files(in folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .sorted { $0.path() < $1.path() }
  }
}
