/// Finds the names that a text declares at namespace scope.
///
/// No parser of C++: what stands in parentheses and braces is passed over, and where a declaration could mean two things,
/// both names count. So it finds too many names rather than too few, which is what its users need.
struct DeclarationScan {
  private(set) var declared: Set<String> = []
  private(set) var macros: Set<String> = []
  private(set) var reach: String?
  private var scope = Scope()
  /// For each `#if` that is open: where it began, and where its first branch ended.
  private var branches: [(begin: Scope, end: Scope?)] = []

  /// What is open at a place of the text.
  private struct Scope {
    /// Braces of namespaces and of `extern "C"`.
    var namespaces = 0
    /// Other braces, or parentheses and brackets; what is in them declares nothing outside.
    var braces = 0
    var groups = 0
    /// Whether the open brace is that of an enumeration without a scope: its names belong to what is around it.
    var isEnumeration = false
    var nameMayFollow = false
    /// Whether the open group had nothing but what makes a pointer so far.
    var groupBegins = false
    /// The declaration so far.
    var head: [Piece] = []
  }

  /// A piece of a declaration at namespace scope.
  private enum Piece: Equatable {
    case word(String)
    case mark(Character)
    case literal
    /// `(…)`; the name in it when it is that of a pointer to a function.
    case parentheses(pointer: String?)
    /// `[…]`
    case brackets
    /// `{…}`
    case braces
  }

  mutating func read(_ token: SourceToken) {
    if token == .word("_Pragma") { reach = reach ?? "#pragma" }
    switch token {
    case .include: break
    case .directive(let name, let tokens): readDirective(name, tokens)
    case _ where scope.braces > 0: readInBraces(token)
    case _ where scope.groups > 0: readInGroup(token)
    default: readDeclaration(token)
    }
  }

  mutating func finish() {
    if scope.namespaces != 0 || scope.braces != 0 || scope.groups != 0 || !branches.isEmpty {
      reach = reach ?? "braces that don't match"
    }
    if !scope.head.isEmpty { endDeclaration() }
  }

  private mutating func readDirective(_ name: String, _ tokens: [SourceToken]) {
    switch name {
    case "define", "undef":
      if case .word(let macro)? = tokens.first { macros.insert(macro) }
    case "pragma":
      // Those that concern the file or the loop behind them.
      if tokens.first != .word("once"), tokens.first != .word("unroll"),
        !(tokens.first == .word("GCC") && tokens.dropFirst().first == .word("unroll"))
      {
        reach = reach ?? "#pragma"
      }
    // Each branch goes on where the #if was; what follows goes on where the first one ended.
    case "if", "ifdef", "ifndef": branches.append((scope, nil))
    case "else", "elif":
      guard let branch = branches.popLast() else { break }
      if branch.end != nil { endDeclaration() }
      branches.append((branch.begin, branch.end ?? scope))
      scope = branch.begin
    case "endif":
      guard let branch = branches.popLast(), let end = branch.end else { break }
      endDeclaration()
      scope = end
    default: break
    }
  }

  private mutating func readInBraces(_ token: SourceToken) {
    switch token {
    case .mark("{"): scope.braces += 1
    case .mark("}"):
      scope.braces -= 1
      if scope.braces == 0 { endBraces() }
    case .mark(","): scope.nameMayFollow = scope.braces == 1
    case .word(let word):
      if scope.isEnumeration, scope.braces == 1, scope.nameMayFollow { declare(word) }
      scope.nameMayFollow = false
    default: scope.nameMayFollow = false
    }
  }

  private mutating func readInGroup(_ token: SourceToken) {
    switch token {
    case .mark("("), .mark("["): scope.groups += 1
    case .mark(")"), .mark("]"): scope.groups -= 1
    case .word(let word):
      // `(*name)(…)`
      if scope.groups == 1, scope.nameMayFollow, let last = scope.head.indices.last,
        case .parentheses = scope.head[last]
      {
        scope.head[last] = .parentheses(pointer: word)
      }
      (scope.groupBegins, scope.nameMayFollow) = (false, false)
    // At the group's begin, or behind a class's name: `(Class::*name)(…)`.
    case .mark("*"), .mark("&"): scope.nameMayFollow = scope.groupBegins
    case .mark(":"): scope.groupBegins = true
    default: (scope.groupBegins, scope.nameMayFollow) = (false, false)
    }
  }

  private mutating func readDeclaration(_ token: SourceToken) {
    switch token {
    case .word(let word): scope.head.append(.word(word))
    case .mark("("), .mark("["):
      scope.head.append(token == .mark("(") ? .parentheses(pointer: nil) : .brackets)
      scope.groups = 1
      (scope.groupBegins, scope.nameMayFollow) = (true, false)
    case .mark("{"): beginBraces()
    case .mark("}"):
      scope.namespaces -= 1
      if scope.namespaces < 0 { reach = reach ?? "braces that don't match" }
      scope.head = []
    case .mark(";"): endDeclaration()
    case .mark(let mark): scope.head.append(.mark(mark))
    case .literal: scope.head.append(.literal)
    case .directive, .include: break
    }
  }

  private mutating func beginBraces() {
    let words = headWords
    if words.contains("namespace") || scope.head == [.word("extern"), .literal] {
      scope.namespaces += 1
      scope.head = []
      return
    }
    scope.isEnumeration =
      words.contains("enum") && !words.contains("class") && !words.contains("struct")
    scope.nameMayFollow = true
    scope.braces = 1
    scope.head.append(.braces)
  }

  private mutating func endBraces() {
    scope.isEnumeration = false
    // A function ends with its braces; a type or a value goes on to a semicolon.
    let isFunction = scope.head.contains { if case .parentheses = $0 { true } else { false } }
    if isFunction, !afterTemplate.contains(.mark("=")), !definesType { endDeclaration() }
  }

  /// Whether the braces are those of a type: no function's name and parameters stand between its keyword and them.
  private var definesType: Bool {
    guard let keyword = afterTemplate.firstIndex(where: { Self.types.contains($0) }) else { return false }
    let rest = Array(afterTemplate[keyword...])
    return !rest.indices.contains { index in
      if case .parentheses = rest[index] { name(in: rest, before: index) != nil } else { false }
    }
  }

  private var headWords: [String] {
    scope.head.compactMap { if case .word(let word) = $0 { word } else { nil } }
  }

  /// The name behind `struct`, `class`, `union` or `enum` where a body or nothing follows it.
  private var typeName: String? {
    guard let keyword = afterTemplate.firstIndex(where: { Self.types.contains($0) }) else { return nil }
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

  /// The declaration without `template <…>` in front.
  private var afterTemplate: ArraySlice<Piece> {
    var rest = scope.head[...]
    while rest.first == .word("template")
      || rest.first == .word("extern") && rest.dropFirst().first == .word("template")
    {
      if rest.first == .word("extern") { rest = rest.dropFirst() }
      rest = rest.dropFirst()
      guard rest.first == .mark("<") else { return rest }
      var depth = 0
      while let piece = rest.popFirst() {
        if piece == .mark("<") { depth += 1 }
        if piece == .mark(">") { depth -= 1 }
        if depth == 0 { break }
      }
    }
    return rest
  }

  private mutating func endDeclaration() {
    defer { scope.head = [] }
    // Without attributes in front.
    let head = Array(afterTemplate.drop { $0 == .brackets })
    if scope.head.starts(with: [.word("template"), .mark("<"), .mark(">")]) {
      reach = reach ?? "template <>"
    }
    if headWords.contains("operator") { reach = reach ?? "operator" }
    switch head.first {
    case .word("static_assert"): return
    case .word("using"), .word("namespace"):
      if headWords.dropFirst().first == "namespace" { reach = reach ?? "using namespace" }
      let name = head.firstIndex(of: .mark("=")).map { head[..<$0] } ?? head[...]
      if case .word(let word)? = name.last { declare(word) }
      return
    default: break
    }
    if let type = typeName { declare(type) }
    declareGenerically(head)
  }

  private mutating func declare(_ name: String) {
    guard !Self.keywords.contains(name) else { return }
    declared.insert(name)
  }

  /// The names of functions and variables in a declaration.
  private mutating func declareGenerically(_ head: [Piece]) {
    // In front of a value, which may compare, these are a template's arguments: no names.
    var arguments = 0
    for (index, piece) in head.enumerated() {
      switch piece {
      case .mark("<") where !head[..<index].contains(.mark("=")): arguments += 1
      case .mark(">"): arguments = max(0, arguments - 1)
      case _ where arguments > 0: continue
      case .parentheses(let pointer):
        if let pointer { declare(pointer) }
        guard let name = name(in: head, before: index) else { continue }
        declare(name)
        if pointer != nil || head[..<index].contains(.mark("=")) { continue }
        // What follows a function's name and parameters declares nothing. Without a type in front, or with something
        // else behind, it is a macro's call, which may declare anything.
        if index == 1 || index + 1 < head.count && !Self.follows(head[index + 1]) {
          reach = reach ?? "\(name)(…)"
        }
        return
      case .mark("="), .mark(","), .brackets, .braces:
        if let name = name(in: head, before: index) { declare(name) }
      default: break
      }
    }
    if let name = name(in: head, before: head.count) { declare(name) }
  }

  /// The name that ends before a place, unless it belongs to a class or a namespace that is named there.
  private func name(in head: [Piece], before end: Int) -> String? {
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
    guard index >= 0, case .word(let name) = head[index], !Self.attributes.contains(name) else { return nil }
    return index > 0 && head[index - 1] == .mark(":") ? nil : name
  }

  /// Whether it may follow a function's parameters.
  private static func follows(_ piece: Piece) -> Bool {
    switch piece {
    case .word(let word):
      ["const", "volatile", "noexcept", "throw", "__attribute__", "override", "final"].contains(word)
    case .literal: false
    default: true
    }
  }

  private static let types: [Piece] = ["struct", "class", "union", "enum"].map { .word($0) }

  /// Words before parentheses that are no function's name.
  private static let attributes: Set<String> = [
    "__launch_bounds__", "__cluster_dims__", "__attribute__", "__align__", "alignas", "decltype", "noexcept",
    "throw",
  ]

  /// Words that nobody can declare.
  static let keywords: Set<String> = [
    "alignas", "alignof", "asm", "auto", "bool", "char", "class", "const", "constexpr", "decltype", "double",
    "enum",
    "explicit", "export", "extern", "false", "final", "float", "friend", "inline", "int", "long", "mutable",
    "namespace",
    "noexcept", "nullptr", "operator", "private", "protected", "public", "register", "short", "signed",
    "sizeof", "static",
    "struct", "template", "this", "thread_local", "true", "typedef", "typename", "union", "unsigned", "using",
    "virtual",
    "void", "volatile", "__device__", "__host__", "__global__", "__constant__", "__shared__",
    "__forceinline__",
    "__noinline__", "__restrict__", "__launch_bounds__",
  ]
}
