/// What follows a value: attributes, subscripts, calls, filters and tests.
extension TemplateParser {
    mutating func postfix(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
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

    mutating func called(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
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

    mutating func filtersAndTests(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
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
