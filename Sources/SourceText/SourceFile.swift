/// What a C++ or CUDA file says about names: those that it mentions, those that it declares for all that follows it in a
/// translation unit, and the files it includes.
public struct SourceFile: Hashable, Sendable {
  /// A file that another includes.
  public struct Include: Hashable, Sendable {
    /// As it is written.
    public let file: String
    /// In quotes: one of the project.
    public let isQuoted: Bool
  }

  /// Every name in it, in whichever branch of the preprocessor.
  public let mentioned: Set<String>
  /// The names that it declares at namespace scope.
  ///
  /// More than there are, where the text leaves a doubt.
  public let declared: Set<String>
  /// The macros that it defines or takes back.
  public let macros: Set<String>
  /// All that it declares, macros among it.
  public let names: Set<String>
  /// In the order of the text.
  public let includes: [Include]
  /// What it does to the text behind it that no name shows, `nil` if nothing.
  ///
  /// `using namespace`, an operator, a pragma, or a macro's call that may declare anything.
  public let reach: String?

  /// Whether it says nothing when it is read again: `#pragma once`, or all of it in an `#ifndef` of a macro that it defines.
  public let isReadOnce: Bool
  /// Its functions as it declares them, by name.
  private let functions: [String: Set<FunctionHead>]
  /// The names that are something else too.
  private let others: Set<String>

  /// Whether a name stands in it for nothing but functions that others declare in the same words, such as headers of what it
  /// defines.
  public func repeats(_ name: String, of headers: [SourceFile]) -> Bool {
    guard !others.contains(name), let own = functions[name] else { return false }
    return own.allSatisfy { head in headers.contains { $0.functions[name]?.contains(head) == true } }
  }

  /// Reads a text.
  public init(_ text: String) {
    let tokens = SourceLexer.tokens(of: text)
    var scan = DeclarationScan()
    for token in tokens { scan.read(token) }
    scan.finish()
    let declared = scan.declared
    mentioned = tokens.reduce(into: []) { $0.formUnion($1.words) }
    self.declared = declared
    macros = scan.macros
    (functions, others) = (scan.functions, scan.others.union(scan.macros))
    names = declared.union(macros)
    // What a macro stands for may be another name.
    reach = scan.reach ?? declared.intersection(scan.macros).min().map { "the macro \($0)" }
    isReadOnce = tokens.contains(.directive("pragma", [.word("once")])) || Self.isGuarded(tokens)
    includes = tokens.compactMap {
      guard case .include(let file, let quoted) = $0 else { return nil }
      return Include(file: file, isQuoted: quoted)
    }
  }

  /// Whether all of a text stands between `#ifndef NAME`, `#define NAME` and the `#endif` that belongs to them.
  private static func isGuarded(_ tokens: [SourceToken]) -> Bool {
    guard case .directive("ifndef", let name)? = tokens.first, let guardian = name.first, tokens.count > 2,
      case .directive("define", let defined) = tokens[1], defined.first == guardian
    else { return false }
    var depth = 0
    for (index, token) in tokens.enumerated() {
      guard case .directive(let directive, _) = token else { continue }
      switch directive {
      case "if", "ifdef", "ifndef": depth += 1
      case "else", "elif": if depth == 1 { return false }
      case "endif":
        depth -= 1
        if depth == 0 { return index == tokens.count - 1 }
      default: break
      }
    }
    return false
  }
}

extension SourceToken {
  /// The names in a token, those in a preprocessor line among them.
  var words: [String] {
    switch self {
    case .word(let word): [word]
    case .directive(_, let tokens): tokens.flatMap(\.words)
    default: []
    }
  }
}
