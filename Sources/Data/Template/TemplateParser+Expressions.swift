/// Expressions, loosest binding first: `a if b else c`, `or`, `and`, `not`, comparisons, `+ -`, `~`, `* / // %`,
/// `**`, signs, then `.x`, `[x]`, `(x)`, `| filter` and `is test`, as in Jinja's own grammar.
extension TemplateParser {
    /// An expression, or several with commas between, which make a tuple.
    mutating func tupleOrExpression(allowsCondition: Bool = true) throws(TemplateError) -> TemplateExpression {
        let line = current.line
        let first = try allowsCondition ? expression() : disjunction()
        guard current.kind == .symbol(.comma) else { return first }
        var items = [first]
        while skip(.comma) {
            switch current.kind {
            case .outputEnd, .blockEnd, .symbol(.closeParenthesis), .end:
                return try node(.tuple(items), items, line)
            default:
                items.append(try allowsCondition ? expression() : disjunction())
            }
        }
        return try node(.tuple(items), items, line)
    }

    mutating func expression() throws(TemplateError) -> TemplateExpression {
        expressionDepth += 1
        defer { expressionDepth -= 1 }
        guard expressionDepth <= TemplateExpression.depthLimit else { throw tooDeep() }
        var value = try disjunction()
        while current.kind == .name("if") {
            let line = take().line
            let test = try disjunction()
            let otherwise = skip(name: "else") ? try expression() : nil
            value = try node(
                .conditional(test: test, value: value, otherwise: otherwise), [test, value, otherwise ?? test], line)
        }
        return value
    }

    func tooDeep() -> TemplateError {
        syntaxError("the expression is nested deeper than \(TemplateExpression.depthLimit) levels")
    }

    func node(_ form: TemplateExpression.Form, _ parts: [TemplateExpression], _ line: Int)
        throws(TemplateError) -> TemplateExpression
    {
        // A long chain such as `a + b + c` nests to the left without the parser nesting; the limit holds for it too.
        var depth = 1
        for part in parts { depth = max(depth, part.depth + 1) }
        guard depth <= TemplateExpression.depthLimit else { throw tooDeep() }
        return TemplateExpression(line: line, depth: depth, form: form)
    }

    // MARK: Logic and comparisons

    private mutating func disjunction() throws(TemplateError) -> TemplateExpression {
        let first = try conjunction()
        guard current.kind == .name("or") else { return first }
        let line = current.line
        var operands = [first]
        while skip(name: "or") { operands.append(try conjunction()) }
        return try node(.or(operands), operands, line)
    }

    private mutating func conjunction() throws(TemplateError) -> TemplateExpression {
        let first = try negation()
        guard current.kind == .name("and") else { return first }
        let line = current.line
        var operands = [first]
        while skip(name: "and") { operands.append(try negation()) }
        return try node(.and(operands), operands, line)
    }

    private mutating func negation() throws(TemplateError) -> TemplateExpression {
        var lines: [Int] = []
        while current.kind == .name("not") { lines.append(take().line) }
        var value = try comparison()
        for line in lines.reversed() { value = try node(.not(value), [value], line) }
        return value
    }

    private mutating func comparison() throws(TemplateError) -> TemplateExpression {
        let line = current.line
        let first = try arithmetic(level: 0)
        var operations: [(operation: TemplateComparison, operand: TemplateExpression)] = []
        while let operation = takeComparison() {
            operations.append((operation, try arithmetic(level: 0)))
        }
        return operations.isEmpty
            ? first : try node(.comparison(first, operations), [first] + operations.map(\.operand), line)
    }

    private mutating func takeComparison() -> TemplateComparison? {
        let operation: TemplateComparison
        switch current.kind {
        case .symbol(.equal): operation = .equal
        case .symbol(.notEqual): operation = .notEqual
        case .symbol(.less): operation = .less
        case .symbol(.lessOrEqual): operation = .lessOrEqual
        case .symbol(.greater): operation = .greater
        case .symbol(.greaterOrEqual): operation = .greaterOrEqual
        case .name("in"): operation = .isIn
        case .name("not") where next.kind == .name("in"):
            take()
            operation = .isNotIn
        default: return nil
        }
        take()
        return operation
    }

    // MARK: Arithmetic

    /// Operations of equal strength, the loosest first.
    private static let levels: [[TemplateSymbol]] = [
        [.plus, .minus], [.tilde], [.times, .divide, .floorDivide, .modulo], [.power],
    ]

    private mutating func arithmetic(level: Int) throws(TemplateError) -> TemplateExpression {
        guard level < Self.levels.count else { return try unary(allowsFilter: true) }
        let line = current.line
        let first = try arithmetic(level: level + 1)
        var operations: [(operation: TemplateSymbol, operand: TemplateExpression)] = []
        while case .symbol(let symbol) = current.kind, Self.levels[level].contains(symbol) {
            take()
            operations.append((symbol, try arithmetic(level: level + 1)))
        }
        guard let last = operations.last else { return first }
        let parts = [first] + operations.map(\.operand)
        return try node(last.operation == .tilde ? .concatenation(parts) : .arithmetic(first, operations), parts, line)
    }

    private mutating func unary(allowsFilter: Bool) throws(TemplateError) -> TemplateExpression {
        expressionDepth += 1
        defer { expressionDepth -= 1 }
        guard expressionDepth <= TemplateExpression.depthLimit else { throw tooDeep() }
        let line = current.line
        var value: TemplateExpression
        if skip(.minus) {
            let operand = try unary(allowsFilter: false)
            value = try node(.negative(operand), [operand], line)
        } else if skip(.plus) {
            let operand = try unary(allowsFilter: false)
            value = try node(.positive(operand), [operand], line)
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return allowsFilter ? try filtersAndTests(value) : value
    }

    // MARK: Primaries

    mutating func primary() throws(TemplateError) -> TemplateExpression {
        let token = current
        let form: TemplateExpression.Form
        switch token.kind {
        case .name(let name):
            take()
            switch name {
            case "true", "True": form = .bool(true)
            case "false", "False": form = .bool(false)
            case "none", "None": form = .none
            default:
                noteUse(of: name)
                form = .name(name)
            }
        case .string(let first):
            take()
            var text = first
            while case .string(let more) = current.kind {
                take()
                text += more
            }
            form = .string(text)
        case .integer(let value):
            take()
            form = .integer(value)
        case .largeInteger(let digits):
            take()
            form = .largeInteger(digits)
        case .number(let value):
            take()
            form = .number(value)
        case .symbol(.openParenthesis):
            take()
            if skip(.closeParenthesis) { return try node(.tuple([]), [], token.line) }
            let value = try tupleOrExpression()
            try expect(.closeParenthesis)
            return value
        case .symbol(.openBracket): return try listLiteral()
        case .symbol(.openBrace): return try dictionaryLiteral()
        default: throw unexpected(instead: "a value")
        }
        return try node(form, [], token.line)
    }

    private mutating func listLiteral() throws(TemplateError) -> TemplateExpression {
        let line = take().line
        var items: [TemplateExpression] = []
        while !skip(.closeBracket) {
            if !items.isEmpty {
                try expect(.comma)
                if skip(.closeBracket) { break }
            }
            items.append(try expression())
        }
        return try node(.list(items), items, line)
    }

    private mutating func dictionaryLiteral() throws(TemplateError) -> TemplateExpression {
        let line = take().line
        var items: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !skip(.closeBrace) {
            if !items.isEmpty {
                try expect(.comma)
                if skip(.closeBrace) { break }
            }
            let key = try expression()
            try expect(.colon)
            items.append((key, try expression()))
        }
        return try node(.dictionary(items), items.map(\.key) + items.map(\.value), line)
    }
}
