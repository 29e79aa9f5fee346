/// Turns tokens into statements. Expressions are read in `TemplateParser+Expressions.swift`.
struct TemplateParser {
    /// The deepest nesting of statements that is accepted.
    static let statementDepthLimit = 40

    private let tokens: [TemplateToken]
    private var index = 0
    private var statementDepth = 0
    /// How many loops enclose the statement that is being read.
    private var loopDepth = 0
    /// The names that only a macro has, `varargs`, `kwargs` and `caller`, as the macros around the statement use and
    /// assign them; the innermost macro last.
    private var macroNames: [(used: Set<String>, assigned: Set<String>)] = []
    /// How many parentheses, brackets and conditions enclose the expression that is being read.
    var expressionDepth = 0

    /// The statements of a template's source.
    static func statements(of source: String) throws(TemplateError) -> [TemplateStatement] {
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source))
        let statements = try parser.statements(until: [])
        guard parser.current.kind == .end else { throw parser.unexpected() }
        return statements
    }

    private init(tokens: [TemplateToken]) {
        self.tokens = tokens
    }

    // MARK: Tokens

    // The lexer ends every list of tokens with `.end`, and nothing steps beyond it.
    var current: TemplateToken { tokens[index] }
    var next: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

    @discardableResult
    mutating func take() -> TemplateToken {
        let token = tokens[index]
        if index < tokens.count - 1 { index += 1 }
        return token
    }

    mutating func skip(_ symbol: TemplateSymbol) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        take()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard current.kind == .name(name) else { return false }
        take()
        return true
    }

    mutating func expect(_ symbol: TemplateSymbol) throws(TemplateError) {
        guard skip(symbol) else { throw unexpected(instead: "'\(symbol.rawValue)'") }
    }

    mutating func expect(name: String) throws(TemplateError) {
        guard skip(name: name) else { throw unexpected(instead: "'\(name)'") }
    }

    mutating func expectName() throws(TemplateError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected(instead: "a name") }
        take()
        return name
    }

    private mutating func expectBlockEnd() throws(TemplateError) {
        // Jinja accepts Python's colon at the end of a tag.
        _ = skip(.colon)
        guard current.kind == .blockEnd else { throw unexpected(instead: "'%}'") }
        take()
    }

    func unexpected(instead expected: String? = nil) -> TemplateError {
        syntaxError("unexpected \(current.name)" + (expected.map { ", expected \($0)" } ?? ""))
    }

    func syntaxError(_ reason: String) -> TemplateError {
        TemplateError(.syntax, line: current.line, reason)
    }

    // MARK: Statements

    /// Statements up to a block tag that begins with one of `ends`, whose name becomes the current token; up to
    /// the end of the template if there are none.
    private mutating func statements(until ends: [String]) throws(TemplateError) -> [TemplateStatement] {
        statementDepth += 1
        defer { statementDepth -= 1 }
        guard statementDepth <= Self.statementDepthLimit else {
            throw syntaxError("statements are nested deeper than \(Self.statementDepthLimit) levels")
        }
        var result: [TemplateStatement] = []
        while true {
            let line = current.line
            switch current.kind {
            case .text(let text):
                take()
                result.append(TemplateStatement(line: line, form: .text(text)))
            case .outputBegin:
                take()
                let value = try tupleOrExpression()
                guard current.kind == .outputEnd else { throw unexpected(instead: "'}}'") }
                take()
                result.append(TemplateStatement(line: line, form: .output(value)))
            case .blockBegin:
                take()
                if case .name(let name) = current.kind, ends.contains(name) { return result }
                result.append(TemplateStatement(line: line, form: try statement()))
                guard current.kind == .blockEnd else { throw unexpected(instead: "'%}'") }
                take()
            default:
                if !ends.isEmpty {
                    throw syntaxError("unexpected \(current.name), expected '{% \(ends.last ?? "") %}'")
                }
                return result
            }
        }
    }

    /// The body of a block tag: closes the opening tag and reads up to the closing one, whose name is taken.
    private mutating func body(until ends: [String]) throws(TemplateError) -> (
        statements: [TemplateStatement], end: String
    ) {
        try expectBlockEnd()
        let statements = try statements(until: ends)
        return (statements, try expectName())
    }

    /// One statement, from its name up to before its last `%}`.
    private mutating func statement() throws(TemplateError) -> TemplateStatement.Form {
        let keyword = try expectName()
        switch keyword {
        case "if": return try conditional()
        case "for": return try loop()
        case "set": return try assignment()
        case "macro": return .macro(try macro(named: try expectName()))
        case "call": return try callBlock()
        case "print": return try printed()
        case "with": return try with()
        case "generation": return .generation(try body(until: ["endgeneration"]).statements)
        case "filter":
            let filters = try filters(first: true)
            return .filtered(filters, body: try body(until: ["endfilter"]).statements)
        case "break", "continue":
            guard loopDepth > 0 else { throw syntaxError("'\(keyword)' stands outside of a loop") }
            return keyword == "break" ? .breakLoop : .continueLoop
        case "block", "extends", "include", "import", "from", "autoescape", "trans", "do", "debug":
            throw syntaxError("the tag '\(keyword)' is not supported in chat templates")
        default:
            throw syntaxError("unknown tag '\(keyword)'")
        }
    }

    private mutating func conditional() throws(TemplateError) -> TemplateStatement.Form {
        var branches: [(test: TemplateExpression, body: [TemplateStatement])] = []
        while true {
            let test = try tupleOrExpression(allowsCondition: false)
            let (body, end) = try body(until: ["elif", "else", "endif"])
            branches.append((test, body))
            switch end {
            case "elif": continue
            case "else": return .conditional(branches, otherwise: try self.body(until: ["endif"]).statements)
            default: return .conditional(branches, otherwise: [])
            }
        }
    }

    private mutating func loop() throws(TemplateError) -> TemplateStatement.Form {
        let target = try target(allowsAttribute: false)
        try expect(name: "in")
        let sequence = try tupleOrExpression(allowsCondition: false)
        let condition = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        loopDepth += 1
        let (statements, end) = try body(until: ["endfor", "else"])
        loopDepth -= 1
        let otherwise = end == "else" ? try body(until: ["endfor"]).statements : []
        return .loop(
            TemplateLoop(
                target: target, sequence: sequence, condition: condition, isRecursive: isRecursive, body: statements,
                otherwise: otherwise))
    }

    private mutating func assignment() throws(TemplateError) -> TemplateStatement.Form {
        let target = try target(allowsAttribute: true)
        if skip(.assign) { return .set(target, try tupleOrExpression()) }
        let filters = try filters(first: false)
        return .capture(target, filters: filters, body: try body(until: ["endset"]).statements)
    }

    private mutating func macro(named name: String) throws(TemplateError) -> TemplateMacro {
        let parameters = try parameters()
        return try macro(named: name, parameters, until: "endmacro")
    }

    private mutating func parameters() throws(TemplateError) -> [(name: String, standard: TemplateExpression?)] {
        var parameters: [(name: String, standard: TemplateExpression?)] = []
        try expect(.openParenthesis)
        while !skip(.closeParenthesis) {
            if !parameters.isEmpty { try expect(.comma) }
            let parameter = try expectName()
            let standard = skip(.assign) ? try expression() : nil
            if standard == nil, parameters.last?.standard != nil {
                throw syntaxError("the parameter '\(parameter)' without a default follows one that has a default")
            }
            parameters.append((parameter, standard))
        }
        return parameters
    }

    private mutating func macro(
        named name: String, _ parameters: [(name: String, standard: TemplateExpression?)], until end: String
    ) throws(TemplateError) -> TemplateMacro {
        // A loop around the macro is not a loop around its body.
        let enclosing = loopDepth
        loopDepth = 0
        macroNames.append(([], []))
        defer { loopDepth = enclosing }
        let body = try body(until: [end]).statements
        let used = macroNames.removeLast().used
        return TemplateMacro(
            name: name, parameters: parameters, body: body, usesOthers: used.contains("varargs"),
            usesNamedOthers: used.contains("kwargs"), usesCaller: used.contains("caller"))
    }

    /// Remembers that the macros around the current place read a name of theirs.
    mutating func noteUse(of name: String) {
        guard !macroNames.isEmpty, ["varargs", "kwargs", "caller"].contains(name) else { return }
        for index in macroNames.indices where !macroNames[index].assigned.contains(name) {
            macroNames[index].used.insert(name)
        }
    }

    private mutating func callBlock() throws(TemplateError) -> TemplateStatement.Form {
        let parameters = current.kind == .symbol(.openParenthesis) ? try parameters() : []
        guard case .call(let callee, let call) = try expression().form else {
            throw syntaxError("'call' needs a call")
        }
        return .call(try macro(named: "caller", parameters, until: "endcall"), callee: callee, call)
    }

    private mutating func printed() throws(TemplateError) -> TemplateStatement.Form {
        var values: [TemplateExpression] = []
        while current.kind != .blockEnd {
            if !values.isEmpty { try expect(.comma) }
            values.append(try expression())
        }
        return .print(values)
    }

    private mutating func with() throws(TemplateError) -> TemplateStatement.Form {
        var assignments: [(target: TemplateTarget, value: TemplateExpression)] = []
        while current.kind != .blockEnd {
            if !assignments.isEmpty { try expect(.comma) }
            let target = try target(allowsAttribute: false)
            try expect(.assign)
            assignments.append((target, try expression()))
        }
        return .with(assignments, body: try body(until: ["endwith"]).statements)
    }

    // MARK: Targets

    /// What a value can be assigned to: a name, several names, and in `set` an attribute of a namespace.
    private mutating func target(allowsAttribute: Bool) throws(TemplateError) -> TemplateTarget {
        let first = try singleTarget(allowsAttribute)
        guard current.kind == .symbol(.comma) else { return first }
        var targets = [first]
        while skip(.comma) {
            switch current.kind {
            case .name("in"), .symbol(.assign), .blockEnd: return .tuple(targets)
            default: targets.append(try singleTarget(allowsAttribute))
            }
        }
        return .tuple(targets)
    }

    private mutating func singleTarget(_ allowsAttribute: Bool) throws(TemplateError) -> TemplateTarget {
        if skip(.openParenthesis) {
            expressionDepth += 1
            defer { expressionDepth -= 1 }
            guard expressionDepth <= TemplateExpression.depthLimit else { throw tooDeep() }
            let inner = try target(allowsAttribute: allowsAttribute)
            try expect(.closeParenthesis)
            return inner
        }
        let name = try expectName()
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw syntaxError("cannot assign to '\(name)'")
        }
        if !macroNames.isEmpty {
            for index in macroNames.indices { macroNames[index].assigned.insert(name) }
        }
        if allowsAttribute, skip(.dot) { return .attribute(namespace: name, name: try expectName()) }
        return .name(name)
    }
}
