import FileDamage
import Foundation
import Inspection
import Inventory
import SystemPackage

// What FuzzTests does, a million times: damaged files, each of which must be an error or an inventory whose sums come out.
// Optimised code, unlike tests; ci/fuzz builds and runs it.

func usage() -> Never {
  FileHandle.standardError.write(Data("usage: inspect-fuzz CASES SEED FILE...\n".utf8))
  exit(64)
}

/// Prints at once, also into a file.
func report(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 3, let count = Int(arguments[1]), let seed = UInt64(arguments[2]) else { usage() }
let corpus = try arguments.dropFirst(2).map { name in
  (
    name: FilePath(name).lastComponent?.string ?? name,
    bytes: try [UInt8](Data(contentsOf: URL(filePath: name)))
  )
}
let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("inspect-fuzz-\(getpid())")
try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)

var generator = SplitMix(seed: seed)
let inspector = Inspector(detail: .everything, workers: 1)
var errors = 0
var findings = 0
for number in 0..<count {
  let (name, bytes) = corpus[number % corpus.count]
  // The file stays behind when the program dies of it.
  let file = folder.appending("case-\(name)")
  try Data(FileDamage.damage(bytes, &generator)).write(to: URL(filePath: file.string))
  do {
    let inventory = try await inspector.inspect([file])
    let wrong = inventory.discrepancies
    guard wrong.isEmpty else {
      report("inspect-fuzz: seed \(seed), case \(number), \(file): \(wrong)")
      exit(1)
    }
    if inventory.artifacts.contains(where: { $0.findings.contains { $0.severity != .note } }) {
      findings += 1
    }
  } catch is InspectionError {
    errors += 1
  }
  if number % 50_000 == 49_999 { report("inspect-fuzz: seed \(seed), \(number + 1) cases") }
}
try? FileManager.default.removeItem(atPath: folder.string)
report(
  "inspect-fuzz: seed \(seed), \(count) cases: \(findings) with findings, \(errors) with errors, no sum was wrong"
)
