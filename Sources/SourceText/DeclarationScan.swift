/// Finds the names that a text declares at namespace scope.
///
/// No parser of C++: what stands in parentheses and braces is passed over, and where a declaration could mean two things,
/// both names count. So it finds too many names rather than too few, which is what its users need.
struct DeclarationScan {
  /// Functions as they are declared, by name.
  private(set) var functions: [String: Set<FunctionHead>] = [:]
  /// Names that are declared in any other way.
  private(set) var others: Set<String> = []
  private(set) var macros: Set<String> = []
  private(set) var reach: String?
  private var scope = Scope()
  /// For each `#if` that is open: where it began, and where its first branch ended.
  private var branches: [(begin: Scope, end: Scope?)] = []

  /// What is open at a place of the text.
  private struct Scope {
    /// What opened the braces of namespaces and of `extern "C"`.
    var namespaces: [[SourceToken]] = []
    /// Other braces, or parentheses and brackets; what is in them declares nothing outside.
    var braces = 0
    var groups = 0
    /// Whether the open brace is that of an enumeration without a scope: its names belong to what is around it.
    var isEnumeration = false
    var nameMayFollow = false
    /// Whether the open group had nothing but what makes a pointer so far.
    var groupBegins = false
    /// The declaration so far.
    var head = Declaration()
  }

  mutating func read(_ token: SourceToken) {
    if token == .word("_Pragma") { reach = reach ?? "#pragma" }
    switch token {
    case .include: return
    case .directive(let name, let tokens): return readDirective(name, tokens)
    default: break
    }
    if scope.braces == 0 { scope.head.tokens.append(token) }
    switch token {
    case _ where scope.braces > 0: readInBraces(token)
    case _ where scope.groups > 0: readInGroup(token)
    default: readDeclaration(token)
    }
  }

  mutating func finish() {
    if !scope.namespaces.isEmpty || scope.braces != 0 || scope.groups != 0 || !branches.isEmpty {
      reach = reach ?? "braces that don't match"
    }
    endDeclaration()
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
      if scope.isEnumeration, scope.braces == 1, scope.nameMayFollow { others.insert(word) }
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
      if scope.groups == 1, scope.nameMayFollow { scope.head.namePointer(word) }
      (scope.groupBegins, scope.nameMayFollow) = (false, false)
    // At the group's begin, or behind a class's name: `(Class::*name)(…)`.
    case .mark("*"), .mark("&"): scope.nameMayFollow = scope.groupBegins
    case .mark(":"): scope.groupBegins = true
    default: (scope.groupBegins, scope.nameMayFollow) = (false, false)
    }
  }

  private mutating func readDeclaration(_ token: SourceToken) {
    switch token {
    case .word(let word): scope.head.pieces.append(.word(word))
    case .mark("("), .mark("["):
      scope.head.pieces.append(token == .mark("(") ? .parentheses(pointer: nil) : .brackets)
      scope.groups = 1
      (scope.groupBegins, scope.nameMayFollow) = (true, false)
    case .mark("{"): beginBraces()
    case .mark("}"):
      if scope.namespaces.popLast() == nil { reach = reach ?? "braces that don't match" }
      scope.head = Declaration()
    case .mark(";"): endDeclaration()
    case .mark(let mark): scope.head.pieces.append(.mark(mark))
    case .literal: scope.head.pieces.append(.literal)
    case .directive, .include: break
    }
  }

  private mutating func beginBraces() {
    if scope.head.opensNamespace {
      scope.namespaces.append(scope.head.tokens)
      scope.head = Declaration()
      return
    }
    scope.isEnumeration = scope.head.isUnscopedEnumeration
    scope.nameMayFollow = true
    scope.braces = 1
    scope.head.pieces.append(.braces)
  }

  private mutating func endBraces() {
    scope.isEnumeration = false
    // A function ends with its braces; a type or a value goes on to a semicolon.
    if scope.head.isFunction { endDeclaration() }
  }

  private mutating func endDeclaration() {
    let meaning = scope.head.meaning
    if let name = meaning.function {
      functions[name, default: []].insert(
        FunctionHead(namespaces: scope.namespaces, tokens: scope.head.tokens)
      )
    } else {
      others.formUnion(meaning.names)
    }
    reach = reach ?? meaning.reach
    scope.head = Declaration()
  }

  /// All names that are declared.
  var declared: Set<String> { others.union(functions.keys).subtracting(Declaration.keywords) }
}

/// A function's declaration without its body: two that are equal declare one function.
struct FunctionHead: Hashable, Sendable {
  private let namespaces: [[SourceToken]]
  private let tokens: [SourceToken]

  /// - Parameter tokens: all that was read of it.
  init(namespaces: [[SourceToken]], tokens: [SourceToken]) {
    self.namespaces = namespaces
    let ends: [SourceToken] = [.mark("{"), .mark("}"), .mark(";")]
    self.tokens = tokens.filter { !ends.contains($0) }
  }
}
