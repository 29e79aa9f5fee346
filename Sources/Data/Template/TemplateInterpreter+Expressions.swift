/// Evaluation of expressions. Each form has a function of its own: the frames of the recursion stay small.
extension TemplateInterpreter {
    func evaluate(_ expression: TemplateExpression) throws -> TemplateValue {
        try step()
        // Most nodes are leaves, which nest no further.
        switch expression.form {
        case .string(let text): return .string(text)
        case .name(let name): return scope[name] ?? .undefined(name, .variable)
        case .integer(let value): return .integer(value)
        case .bool(let value): return .bool(value)
        case .none: return .none
        default: break
        }
        line = expression.line
        try enter()
        defer { leave() }
        return try value(of: expression)
    }

    private func value(of expression: TemplateExpression) throws -> TemplateValue {
        switch expression.form {
        case .none: .none
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .largeInteger(let digits): .largeInteger(digits)
        case .number(let value): .number(value)
        case .string(let text): .string(text)
        case .name(let name): scope[name] ?? .undefined(name, .variable)
        case .list(let items): .list(try made(try items.map { try evaluate($0) }))
        case .tuple(let items): .tuple(try made(try items.map { try evaluate($0) }))
        case .dictionary(let items): try dictionary(items)
        case .attribute(let of, let name): try attributeValue(of, name, line: expression.line)
        case .item(let of, let key): try itemValue(of, key, line: expression.line)
        case .slice(let of, let start, let stop, let step): try sliceValue(of, start, stop, step, line: expression.line)
        case .call(let callee, let call): try callValue(callee, call, line: expression.line)
        case .filter(let operand, let filter): try apply(filter, to: try evaluate(operand))
        case .test, .not, .comparison: .bool(try decide(expression))
        case .negative(let operand): try negated(try evaluate(operand))
        case .positive(let operand): try numeric(try evaluate(operand), for: "+")
        case .and(let operands): try firstValue(of: operands, thatIs: false)
        case .or(let operands): try firstValue(of: operands, thatIs: true)
        case .arithmetic(let first, let operations): try arithmeticValue(try evaluate(first), operations[...], line: expression.line)
        case .concatenation(let operands): try concatenation(operands)
        case .conditional(let test, let value, let otherwise): try conditionalValue(test, value, otherwise)
        }
    }

    // MARK: Truth

    /// Whether the value of the expression is true.
    func holds(_ expression: TemplateExpression) throws -> Bool {
        switch expression.form {
        case .test, .not, .comparison, .and, .or:
            line = expression.line
            try step()
            try enter()
            defer { leave() }
            return try decide(expression)
        default: return try evaluate(expression).isTrue
        }
    }

    private func decide(_ expression: TemplateExpression) throws -> Bool {
        switch expression.form {
        case .test(let operand, let test): try decide(operand, test, line: expression.line)
        case .not(let operand): try !holds(operand)
        case .comparison(let first, let operations): try decide(first, operations, line: expression.line)
        case .and(let operands): try operands.allSatisfy { try holds($0) }
        case .or(let operands): try operands.contains { try holds($0) }
        default: try evaluate(expression).isTrue
        }
    }

    private func decide(_ operand: TemplateExpression, _ test: TemplateTest, line: Int) throws -> Bool {
        let value = try evaluate(operand)
        let arguments = try evaluate(test.call)
        self.line = line
        return try self.test(test.name, value, arguments)
    }

    // MARK: Parts

    private func dictionary(_ items: [(key: TemplateExpression, value: TemplateExpression)]) throws -> TemplateValue {
        var dictionary = TemplateDictionary()
        for item in items {
            let key = try self.key(try evaluate(item.key))
            dictionary[key] = try evaluate(item.value)
        }
        try reserve(bytes: dictionary.count * MemoryLayout<TemplateDictionary.Item>.stride)
        try checkDepth(dictionary.depth)
        return .dictionary(dictionary)
    }

    /// The value as the key of a dictionary.
    func key(_ value: TemplateValue) throws -> TemplateKey {
        guard let key = try hashable(value) else {
            throw failure(.value, "\(value.typeName) cannot be the key of a dictionary")
        }
        return key
    }

    func hashable(_ value: TemplateValue) throws -> TemplateKey? {
        guard case .tuple(let list) = value else { return TemplateKey(value) }
        // Tuples share their parts, so that a small one may stand for a very large one.
        try step(1 + list.items.count)
        try reserve(bytes: MemoryLayout<TemplateKey>.stride, times: list.items.count)
        var keys: [TemplateKey] = []
        for item in list.items {
            guard let key = try hashable(item) else { return nil }
            keys.append(key)
        }
        return .tuple(keys, list)
    }

    /// Python's `and` and `or` give the operand that decides, not a boolean.
    private func firstValue(of operands: [TemplateExpression], thatIs truth: Bool) throws -> TemplateValue {
        var value = TemplateValue.none
        for operand in operands {
            value = try evaluate(operand)
            if value.isTrue == truth { return value }
        }
        return value
    }

    private func concatenation(_ operands: [TemplateExpression]) throws -> TemplateValue {
        var joined = ""
        for operand in operands { joined += try text(of: try evaluate(operand)) }
        return try made(joined)
    }

    private func conditionalValue(
        _ test: TemplateExpression, _ value: TemplateExpression, _ otherwise: TemplateExpression?
    ) throws -> TemplateValue {
        if try holds(test) { return try evaluate(value) }
        if let otherwise { return try evaluate(otherwise) }
        return .undefined("the inline 'if' has no 'else'")
    }

    // MARK: Calls

    private func callValue(_ callee: TemplateExpression, _ call: TemplateCall, line: Int) throws -> TemplateValue {
        // `value.method(…)`, without making a value of the method first.
        if case .attribute(let of, let attribute) = callee.form, let method = attribute.method {
            let receiver = try evaluate(of)
            self.line = callee.line
            if method.belongs(to: receiver) {
                let arguments = try evaluate(call)
                self.line = line
                return try callMethod(method, of: receiver, arguments)
            }
            let function = try self.attribute(attribute, of: receiver)
            let arguments = try evaluate(call)
            self.line = line
            return try self.call(function, arguments)
        }
        let function = try evaluate(callee)
        let arguments = try evaluate(call)
        self.line = line
        return try self.call(function, arguments)
    }

    func call(_ function: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        switch function {
        case .macro(let index): return try callMacro(index, arguments)
        case .function(let function): return try call(function, arguments)
        case .method(let receiver, let method): return try callMethod(method, of: receiver, arguments)
        case .loop(let state): return try callLoop(state, arguments)
        case .undefined(let undefined): throw failure(.undefined, undefined.reason)
        default: throw failure(.value, "\(function.typeName) cannot be called")
        }
    }

    func evaluate(_ call: TemplateCall) throws -> TemplateArguments {
        var arguments = TemplateArguments()
        guard !call.isEmpty else { return arguments }
        for expression in call.positional { arguments.positional.append(try evaluate(expression)) }
        for (name, expression) in call.named { arguments.named.append((name, try evaluate(expression))) }
        if let unpacked = call.unpacked { arguments.positional += try iterate(try evaluate(unpacked)) }
        if let unpacked = call.unpackedNamed {
            let value = try evaluate(unpacked)
            guard case .dictionary(let dictionary) = value else {
                throw failure(.value, "'**' needs a dictionary, not \(value.typeName)")
            }
            for item in dictionary.items {
                guard let name = item.key.string else { throw failure(.value, "'**' needs strings for keys") }
                guard !arguments.named.contains(where: { $0.name == name }) else {
                    throw failure(.value, "the argument '\(name)' is given twice")
                }
                arguments.named.append((name, item.value))
            }
        }
        return arguments
    }

    func apply(_ filter: TemplateFilter, to value: TemplateValue) throws -> TemplateValue {
        let arguments = try evaluate(filter.call)
        line = filter.line
        return try apply(filter: filter.name, to: value, arguments)
    }
}
