/// A declaration at namespace scope, with what stands in parentheses and braces left out.
struct Declaration {
  /// A piece of one.
  enum Piece: Equatable {
    case word(String)
    case mark(Character)
    case literal
    /// `(…)`; the name in it when it is that of a pointer to a function.
    case parentheses(pointer: String?)
    /// `[…]`
    case brackets
    /// `{…}`
    case braces

    var isParentheses: Bool { if case .parentheses = self { true } else { false } }
  }

  var pieces: [Piece] = []
  /// Its text but for what stands in braces.
  var tokens: [SourceToken] = []

  /// Says which name a pointer has, in the parentheses that were opened last.
  mutating func namePointer(_ name: String) {
    guard let last = pieces.indices.last, pieces[last].isParentheses else { return }
    pieces[last] = .parentheses(pointer: name)
  }

  private var words: [String] {
    pieces.compactMap { if case .word(let word) = $0 { word } else { nil } }
  }

  /// Whether a brace behind it opens a namespace, or a block of declarations of another language.
  var opensNamespace: Bool { words.contains("namespace") || pieces == [.word("extern"), .literal] }

  /// Whether a brace behind it opens an enumeration whose names belong to what is around it.
  var isUnscopedEnumeration: Bool {
    words.contains("enum") && !words.contains("class") && !words.contains("struct")
  }

  /// Whether it ends with its braces.
  var isFunction: Bool {
    let head = afterTemplate
    guard head.contains(where: \.isParentheses), !head.contains(.mark("=")) else { return false }
    // A type's braces: no function's name and parameters stand between its keyword and them.
    guard let keyword = head.firstIndex(where: Self.types.contains) else { return true }
    let rest = Array(head[keyword...])
    return rest.indices.contains { rest[$0].isParentheses && Self.name(in: rest, before: $0) != nil }
  }

  /// What a declaration says.
  struct Meaning {
    /// The names that it declares.
    var names: [String] = []
    /// What it does that no name shows.
    var reach: String?
    /// The name again, if it declares a function and no more, and its text leaves no doubt which.
    var function: String?
  }

  /// What it says.
  var meaning: Meaning {
    let (names, reach) = namesAndReach
    // A literal could be any, and of a template there can be more than one.
    let isPlain =
      reach == nil && names.count == 1 && isFunction && pieces.first != .word("template")
      && !pieces.contains(.mark("=")) && !tokens.contains(.literal)
    return Meaning(names: names, reach: reach, function: isPlain ? names.first : nil)
  }

  private var namesAndReach: (names: [String], reach: String?) {
    // Without attributes in front.
    let head = Array(afterTemplate.drop { $0 == .brackets })
    switch head.first {
    case .word("static_assert"): return ([], nil)
    case .word("using"), .word("namespace"):
      if words.dropFirst().first == "namespace" { return ([], "using namespace") }
      let name = head.firstIndex(of: .mark("=")).map { head[..<$0] } ?? head[...]
      if case .word(let word)? = name.last { return ([word], nil) }
      return ([], nil)
    default: break
    }
    let (names, call) = Self.declarators(of: head)
    var reach = call
    if words.contains("operator") { reach = "operator" }
    if pieces.starts(with: [.word("template"), .mark("<"), .mark(">")]) { reach = "template <>" }
    return (names + [typeName].compactMap(\.self), reach)
  }

  /// The declaration without `template <…>` in front.
  private var afterTemplate: ArraySlice<Piece> {
    var rest = pieces[...]
    while true {
      let start = rest.first == .word("extern") ? rest.dropFirst() : rest
      guard start.first == .word("template") else { return rest }
      rest = start.dropFirst()
      guard rest.first == .mark("<") else { return rest }
      var depth = 0
      while let piece = rest.popFirst() {
        if piece == .mark("<") { depth += 1 }
        if piece == .mark(">") { depth -= 1 }
        if depth == 0 { break }
      }
    }
  }

  /// The name behind `struct`, `class`, `union` or `enum` where a body or nothing follows it.
  private var typeName: String? {
    guard let keyword = afterTemplate.firstIndex(where: Self.types.contains) else { return nil }
    var name: String?
    for piece in afterTemplate[(keyword + 1)...] {
      switch piece {
      case .word(let word) where Self.attributes.contains(word) || Self.keywords.contains(word): continue
      case .word(let word):
        // A second name: the first was a type's, or a macro.
        if name != nil { return name }
        name = word
      case .parentheses, .brackets: continue
      default: return name
      }
    }
    return name
  }

  /// The names of functions and variables, and a macro's call that stands where a function's name could.
  private static func declarators(of head: [Piece]) -> (names: [String], call: String?) {
    var names: [String] = []
    // In front of a value, which may compare, these are a template's arguments: no names.
    var arguments = 0
    for (index, piece) in head.enumerated() {
      switch piece {
      case .mark("<") where !head[..<index].contains(.mark("=")): arguments += 1
      case .mark(">"): arguments = max(0, arguments - 1)
      case _ where arguments > 0: continue
      case .parentheses(let pointer):
        if let pointer { names.append(pointer) }
        guard let name = name(in: head, before: index) else { continue }
        names.append(name)
        if pointer != nil || head[..<index].contains(.mark("=")) { continue }
        // What follows a function's name and parameters declares nothing. Without a type in front, or with something
        // else behind, it is a macro's call, which may declare anything.
        let isCall = index == 1 || index + 1 < head.count && !follows(head[index + 1])
        return (names, isCall ? "\(name)(…)" : nil)
      case .mark("="), .mark(","), .brackets, .braces:
        if let name = name(in: head, before: index) { names.append(name) }
      default: break
      }
    }
    if let name = name(in: head, before: head.count) { names.append(name) }
    return (names, nil)
  }

  /// The name that ends before a place, unless it belongs to a class or a namespace that is named there.
  private static func name(in head: [Piece], before end: Int) -> String? {
    var index = end - 1
    // name<…>(
    if index >= 0, head[index] == .mark(">") {
      var depth = 0
      while index >= 0 {
        if head[index] == .mark(">") { depth += 1 }
        if head[index] == .mark("<") { depth -= 1 }
        index -= 1
        if depth == 0 { break }
      }
    }
    guard index >= 0, case .word(let name) = head[index], !attributes.contains(name) else { return nil }
    return index > 0 && head[index - 1] == .mark(":") ? nil : name
  }

  /// Whether it may follow a function's parameters.
  private static func follows(_ piece: Piece) -> Bool {
    switch piece {
    case .word(let word):
      ["const", "volatile", "noexcept", "throw", "__attribute__", "override", "final"].contains(word)
    // A comma: another declarator.
    case .literal, .mark(","): false
    default: true
    }
  }

  private static let types: [Piece] = ["struct", "class", "union", "enum"].map { .word($0) }

  /// Words before parentheses that are no function's name.
  private static let attributes: Set<String> = [
    "__launch_bounds__", "__cluster_dims__", "__attribute__", "__align__", "alignas", "decltype",
    "noexcept", "throw",
  ]

  /// Words that nobody can declare.
  static let keywords: Set<String> = [
    "alignas", "alignof", "asm", "auto", "bool", "char", "class", "const", "constexpr", "decltype",
    "double", "enum", "explicit", "export", "extern", "false", "final", "float", "friend", "inline",
    "int", "long", "mutable", "namespace", "noexcept", "nullptr", "operator", "private", "protected",
    "public", "register", "short", "signed", "sizeof", "static", "struct", "template", "this",
    "thread_local", "true", "typedef", "typename", "union", "unsigned", "using", "virtual", "void",
    "volatile", "__device__", "__host__", "__global__", "__constant__", "__shared__", "__forceinline__",
    "__noinline__", "__restrict__", "__launch_bounds__",
  ]
}
