import Foundation

/// The keywords of JSON Schema (draft 2020-12) that the schema uses.
struct SchemaValidator {
  let root: [String: Any]
  var problems: [String] = []
  /// Every property of the schema that a value was seen for.
  var seen: Set<String> = []

  mutating func check(_ value: Any, _ schema: [String: Any], at path: String) {
    let annotations: Set = ["$schema", "$id", "$defs", "title", "description"]
    for (keyword, argument) in schema where !annotations.contains(keyword) {
      switch (keyword, argument) {
      case ("$ref", let reference as String):
        guard let target = resolve(reference) else {
          problems.append("\(path): no \(reference)")
          continue
        }
        check(value, target, at: path)
      case ("type", let type as String):
        if !Self.isOf(type, value) { problems.append("\(path): not of type \(type)") }
      case ("enum", let allowed as [String]):
        if !allowed.contains(value as? String ?? "") { problems.append("\(path): not one of \(allowed)") }
      case ("const", let constant as Int):
        if value as? Int != constant { problems.append("\(path): not \(constant)") }
      case ("pattern", let pattern as String):
        let text = value as? String ?? ""
        if text.range(of: pattern, options: .regularExpression) == nil {
          problems.append("\(path): '\(text)' does not match \(pattern)")
        }
      case ("required", let keys as [String]):
        for key in keys where (value as? [String: Any])?[key] == nil {
          problems.append("\(path): no '\(key)'")
        }
      case ("items", let item as [String: Any]):
        for element in value as? [Any] ?? [] { check(element, item, at: "\(path)[]") }
      case ("additionalProperties", let item as [String: Any]):
        for (_, element) in value as? [String: Any] ?? [:] { check(element, item, at: "\(path).*") }
      case ("properties", let properties as [String: [String: Any]]):
        for (key, element) in value as? [String: Any] ?? [:] {
          guard let property = properties[key] else {
            problems.append("\(path).\(key): not in the schema")
            continue
          }
          seen.insert("\(path).\(key)")
          check(element, property, at: "\(path).\(key)")
        }
        for key in properties.keys { expected.insert("\(path).\(key)") }
      default: problems.append("\(path): keyword \(keyword) is unknown to this test")
      }
    }
  }
  /// Every property that the schema has where a value was.
  var expected: Set<String> = []

  private func resolve(_ reference: String) -> [String: Any]? {
    guard reference.hasPrefix("#/$defs/") else { return nil }
    return (root["$defs"] as? [String: [String: Any]])?[String(reference.dropFirst(8))]
  }

  private static func isOf(_ type: String, _ value: Any) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": value is Bool
    case "integer": (value as? NSNumber).map { $0.doubleValue == $0.doubleValue.rounded() } ?? false
    case "number": value is NSNumber
    default: false
    }
  }
}
