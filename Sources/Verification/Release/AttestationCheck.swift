import Archives
import Foundation
import SystemPackage

/// The rule for attestations that lie beside a file, as `FILE.publish.attestation` (A01; PEP 740).
///
/// The signature is not checked here: that needs the service that made it, and PyPI does it.
struct AttestationCheck {
  let path: FilePath
  let sha256: SHA256Digest

  var findings: [Finding] {
    let folder = path.removingLastComponent()
    let name = path.lastComponent?.string ?? ""
    let beside = ["publish", "slsa"].map { "\(name).\($0).attestation" }
    return beside.compactMap { file in
      guard let data = FileManager.default.contents(atPath: folder.appending(file).string) else { return nil }
      return problem(with: data).map { Finding(.attestation, in: name, at: file, $0) }
    }
  }

  private func problem(with data: Data) -> String? {
    guard let attestation = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      attestation["version"] as? Int == 1, let envelope = attestation["envelope"] as? [String: Any],
      let text = envelope["statement"] as? String, let statement = Data(base64Encoded: text),
      let value = try? JSONSerialization.jsonObject(with: statement) as? [String: Any]
    else { return "it is no attestation of version 1" }
    let predicate = value["predicateType"] as? String ?? ""
    guard Self.isKnown(predicate) else { return "its predicate is '\(predicate)'" }
    let subjects = value["subject"] as? [[String: Any]] ?? []
    let digests = subjects.compactMap { ($0["digest"] as? [String: Any])?["sha256"] as? String }
    return digests == [sha256.hex] ? nil : "it is about another file: \(digests.first ?? "none")"
  }

  /// PyPI's own predicate is an address of its documentation; only the path of it is compared.
  private static func isKnown(_ predicate: String) -> Bool {
    predicate == "https://slsa.dev/provenance/v1" || predicate.hasSuffix("/attestations/publish/v1")
  }
}
