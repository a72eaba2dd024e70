import Foundation
import ReleaseModel

/// How a release was made, as an unsigned in-toto statement with SLSA's provenance predicate.
///
/// SLSA v1.0: `https://slsa.dev/spec/v1.0/provenance`. Unsigned, it is level 1; a build service that signs it, or
/// writes its own about the same digests, gives more.
struct Provenance: Encodable {
  static let fileName = "provenance.intoto.json"

  struct Subject: Encodable {
    let name: String
    let digest: [String: String]
  }
  struct Resource: Encodable {
    let name: String
    var digest: [String: String]?
    var annotations: [String: String]?
  }
  struct Parameters: Encodable {
    let project: ReleaseManifest.Project
    let layout: Layout
    let cap: ByteCount
    let architectures: [Architecture]
    let kernelCompression: KernelCompression
    let kernelDefinitions: [String]
    let coreDefinitions: [String]
  }
  struct Definition: Encodable {
    let buildType = "https://llcuda-build.invalid/build/v1"
    let externalParameters: Parameters
    let resolvedDependencies: [Resource]
  }
  struct Builder: Encodable {
    let id = "https://llcuda-build.invalid/builder/local"
    let version: [String: String]
  }
  struct Details: Encodable { let builder: Builder }
  struct Predicate: Encodable {
    let buildDefinition: Definition
    let runDetails: Details
  }

  let type = "https://in-toto.io/Statement/v1"
  let subject: [Subject]
  let predicateType = "https://slsa.dev/provenance/v1"
  let predicate: Predicate

  enum CodingKeys: String, CodingKey {
    case subject, predicateType, predicate
    case type = "_type"
  }

  init(_ manifest: ReleaseManifest) {
    subject = manifest.artifacts.map { Subject(name: $0.file, digest: ["sha256": $0.sha256]) }
    let inputs = manifest.inputs
    let parts = inputs.llamaCppDigest.split(separator: ":", maxSplits: 1).map(String.init)
    // in-toto's names of digests; a digest of a folder's files is no standard one.
    let algorithms = ["sha256": "sha256", "git": "gitCommit", "tree": "llcudaTree"]
    let digest = parts.count == 2 ? algorithms[parts[0]].map { [$0: parts[1]] } : nil
    predicate = Predicate(
      buildDefinition: Definition(
        externalParameters: Parameters(
          project: manifest.project,
          layout: manifest.layout,
          cap: manifest.cap,
          architectures: inputs.architectures,
          kernelCompression: inputs.kernelCompression,
          kernelDefinitions: inputs.kernelDefinitions,
          coreDefinitions: inputs.coreDefinitions
        ),
        resolvedDependencies: [
          Resource(name: "llama.cpp \(inputs.llamaCppVersion)", digest: digest, annotations: ["origin": inputs.llamaCpp]),
          Resource(name: "CUDA toolkit", annotations: ["version": "\(inputs.toolkit)"]),
          Resource(name: "host compiler", annotations: ["version": inputs.hostCompiler]),
        ]
      ),
      runDetails: Details(builder: Builder(version: ["llcuda-build": LlcudaBuild.version]))
    )
  }
}
