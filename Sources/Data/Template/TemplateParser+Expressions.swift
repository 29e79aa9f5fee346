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

    private func node(_ form: TemplateExpression.Form, _ parts: [TemplateExpression], _ line: Int)
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

    private mutating func primary() throws(TemplateError) -> TemplateExpression {
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

    // MARK: What follows a primary

    private mutating func postfix(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        var value = value
        while true {
            let line = current.line
            switch current.kind {
            case .symbol(.dot):
                take()
                if case .integer(let index) = current.kind {
                    take()
                    let key = try node(.integer(index), [], line)
                    value = try node(.item(of: value, key: key), [value], line)
                } else {
                    value = try node(.attribute(of: value, TemplateAttribute(try expectName())), [value], line)
                }
            case .symbol(.openBracket): value = try subscripted(value)
            case .symbol(.openParenthesis): value = try called(value)
            default: return value
            }
        }
    }

    private mutating func called(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        let line = current.line
        let call = try arguments()
        return try node(.call(value, call), [value] + call.parts, line)
    }

    private mutating func subscripted(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        let line = take().line
        func endsPart(_ token: TemplateToken) -> Bool {
            token.kind == .symbol(.colon) || token.kind == .symbol(.closeBracket)
        }
        let start = endsPart(current) ? nil : try expression()
        guard skip(.colon) else {
            guard let first = start else { throw unexpected(instead: "a value") }
            // `x[1, 2]` looks up a tuple.
            var keys = [first]
            while skip(.comma) { keys.append(try expression()) }
            try expect(.closeBracket)
            let key = keys.count == 1 ? first : try node(.tuple(keys), keys, line)
            return try node(.item(of: value, key: key), [value, key], line)
        }
        let stop = endsPart(current) ? nil : try expression()
        let step = skip(.colon) && !endsPart(current) ? try expression() : nil
        try expect(.closeBracket)
        return try node(
            .slice(of: value, start: start, stop: stop, step: step),
            [value] + [start, stop, step].compactMap { $0 }, line)
    }

    /// `(a, *b, c=d, **e)`. Each kind of argument excludes those before it in this order, as in Jinja.
    mutating func arguments() throws(TemplateError) -> TemplateCall {
        var call = TemplateCall()
        try expect(.openParenthesis)
        while !skip(.closeParenthesis) {
            if !call.isEmpty {
                try expect(.comma)
                if skip(.closeParenthesis) { break }
            }
            switch current.kind {
            case .symbol(.power):
                take()
                guard call.unpackedNamed == nil else { throw syntaxError("'**' can stand once in a call") }
                call.unpackedNamed = try expression()
            case _ where call.unpackedNamed != nil:
                throw syntaxError("an argument follows '**'")
            case .symbol(.times):
                take()
                guard call.unpacked == nil else { throw syntaxError("'*' can stand once in a call") }
                call.unpacked = try expression()
            case .name(let name) where next.kind == .symbol(.assign):
                take()
                take()
                call.named.append((name, try expression()))
            default:
                guard call.named.isEmpty, call.unpacked == nil else {
                    throw syntaxError("a positional argument follows a named one or '*'")
                }
                call.positional.append(try expression())
            }
        }
        return call
    }

    // MARK: Filters and tests

    private mutating func filtersAndTests(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        var value = value
        while true {
            switch current.kind {
            case .symbol(.pipe):
                for filter in try filters(first: false) {
                    value = try node(.filter(value, filter), [value] + filter.call.parts, filter.line)
                }
            case .name("is"): value = try test(of: value)
            case .symbol(.openParenthesis): value = try called(value)
            default: return value
            }
        }
    }

    /// The name of a filter or test, which may have dots in it.
    private mutating func expectDottedName() throws(TemplateError) -> String {
        var name = try expectName()
        while skip(.dot) { name += "." + (try expectName()) }
        return name
    }

    /// `| a | b(1)`; when `first`, the filter `a` stands without its bar.
    mutating func filters(first: Bool) throws(TemplateError) -> [TemplateFilter] {
        var filters: [TemplateFilter] = []
        while (first && filters.isEmpty) || skip(.pipe) {
            let line = current.line
            let name = try expectDottedName()
            let call = current.kind == .symbol(.openParenthesis) ? try arguments() : TemplateCall()
            filters.append(TemplateFilter(line: line, name: TemplateFilterName(name), call: call))
        }
        return filters
    }

    private mutating func test(of value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        let line = take().line
        let negated = skip(name: "not")
        let name = try expectDottedName()
        var call = TemplateCall()
        switch current.kind {
        case .symbol(.openParenthesis):
            call = try arguments()
        case .name("else"), .name("or"), .name("and"):
            break
        case .name("is"):
            throw syntaxError("several tests with 'is' in a row need 'and' between them")
        // One argument may stand without parentheses: `x is divisibleby 3`.
        case .name, .string, .integer, .largeInteger, .number, .symbol(.openBracket), .symbol(.openBrace):
            let argument = try primary()
            call.positional = [try postfix(argument)]
        default: break
        }
        let test = TemplateTest(name: TemplateTestName(name), call: call)
        let result = try node(.test(value, test), [value] + call.parts, line)
        return negated ? try node(.not(result), [result], line) : result
    }
}
