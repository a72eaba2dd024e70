public import ReleaseModel

/// A place in a configuration file.
public struct ConfigurationPlace: Hashable, Sendable, CustomStringConvertible {
  /// The file's path.
  public var file: String
  /// The line, from 1; `nil` where it isn't known.
  public var line: Int?

  /// The place as it begins a message: `'llcuda-build.toml', line 3`.
  public var description: String { "'\(file)'" + (line.map { ", line \($0)" } ?? "") }
}

/// What can be wrong with a configuration file.
public enum ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// The file can't be read at all.
  case unreadable(String, reason: String)
  /// The file isn't TOML.
  case notTOML(ConfigurationPlace, reason: String)
  /// A key that doesn't exist, with the nearest that does or, if none is near, all of them.
  case unknownKey(ConfigurationPlace, key: String, nearest: String?, known: [String])
  /// A value of the wrong type.
  case wrongType(ConfigurationPlace, key: String, expected: String, found: String)
  /// A value of the right type that breaks a rule.
  case wrongValue(ConfigurationPlace, key: String, value: String, rule: String)
  /// llama.cpp's source can't be what is named.
  case source(ConfigurationPlace, key: String, LlamaCppSourceError)

  /// The exit code: wrong usage, or an input that can't be read.
  public var exitStatus: ExitStatus {
    switch self {
    case .unreadable: .badInput
    case .source(_, _, let error): error.exitStatus
    default: .usage
    }
  }

  /// The message: where, what is wrong, and the way out, in one line.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "configuration file '\(path)' cannot be read: \(reason)"
    case .notTOML(let place, let reason): "\(place): not valid TOML: \(reason)"
    case .unknownKey(let place, let key, let nearest?, _):
      "\(place): there is no key '\(key)'; did you mean '\(nearest)'?"
    case .unknownKey(let place, let key, nil, let known):
      "\(place): there is no key '\(key)'; the keys are \(known.joined(separator: ", "))"
    case .wrongType(let place, let key, let expected, let found):
      "\(place): '\(key)' must be \(expected), not \(found)"
    case .wrongValue(let place, let key, let value, let rule):
      "\(place): '\(key)' cannot be '\(value)'; \(rule)"
    case .source(let place, let key, let error): "\(place): '\(key)': \(error)"
    }
  }
}
