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

    private func hashable(_ value: TemplateValue) throws -> TemplateKey? {
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

    // MARK: Attributes and items

    private func attributeValue(_ of: TemplateExpression, _ name: TemplateAttribute, line: Int) throws -> TemplateValue {
        let value = try evaluate(of)
        self.line = line
        return try attribute(name, of: value)
    }

    /// `value.name`: Python's own attribute, else the item of that name.
    func attribute(_ attribute: TemplateAttribute, of value: TemplateValue) throws -> TemplateValue {
        if let own = ownAttribute(attribute, of: value) { return own }
        switch value {
        case .dictionary(let dictionary):
            if let item = dictionary[attribute.name] { return item }
        case .undefined(let undefined):
            throw failure(.undefined, undefined.reason)
        default: break
        }
        return .undefined(attribute.name, .attribute(of: value.kind))
    }

    /// `value[key]`: the item, else Python's own attribute of that name.
    func item(_ key: TemplateValue, of value: TemplateValue) throws -> TemplateValue {
        if case .undefined(let undefined) = value { throw failure(.undefined, undefined.reason) }
        if case .dictionary(let dictionary) = value {
            if case .string(let name) = key {
                return dictionary[name] ?? ownAttribute(TemplateAttribute(name), of: value) ?? .undefined(name, .key)
            }
            if let hashable = try hashable(key), let item = dictionary[hashable] { return item }
        }
        if let name = key.string {
            return ownAttribute(TemplateAttribute(name), of: value) ?? .undefined(name, .attribute(of: value.kind))
        }
        guard let index = integer(key) else {
            return .undefined("\(value.typeName) has no item of that key")
        }
        switch value {
        case .list(let list), .tuple(let list):
            let place = index < 0 ? index + list.items.count : index
            if list.items.indices.contains(place) { return list.items[place] }
        case .string(let text): return character(index, of: text).map { .string($0) } ?? .undefined("\(index)", .index)
        case .markup(let text): return character(index, of: text).map { .markup($0) } ?? .undefined("\(index)", .index)
        default: break
        }
        return .undefined("\(index)", .index)
    }

    private func character(_ index: Int, of text: String) -> String? {
        let scalars = text.unicodeScalars
        let found: String.UnicodeScalarView.Index?
        if index >= 0 {
            found = scalars.index(scalars.startIndex, offsetBy: index, limitedBy: scalars.endIndex)
        } else {
            found = scalars.index(scalars.endIndex, offsetBy: index, limitedBy: scalars.startIndex)
        }
        guard let found, found < scalars.endIndex else { return nil }
        return String(scalars[found])
    }

    /// What Python gives for `value.name` before it looks at items: a method, or an attribute of an object.
    func ownAttribute(_ attribute: TemplateAttribute, of value: TemplateValue) -> TemplateValue? {
        switch value {
        case .namespace(let namespace): return namespace.attributes[attribute.name]
        case .loop(let loop): return loop.attribute(attribute.name)
        case .macro(let index): return macroAttribute(attribute.name, of: macros[index].definition)
        case .tuple(let list) where list.isGroup:
            if attribute.name == "grouper" { return list.items[0] }
            if attribute.name == "list" { return list.items[1] }
        default: break
        }
        guard let method = attribute.method, method.belongs(to: value) else { return nil }
        return .method(of: value, method)
    }

    private func itemValue(_ of: TemplateExpression, _ key: TemplateExpression, line: Int) throws -> TemplateValue {
        let value = try evaluate(of)
        let key = try evaluate(key)
        self.line = line
        return try item(key, of: value)
    }

    private func sliceValue(
        _ of: TemplateExpression, _ start: TemplateExpression?, _ stop: TemplateExpression?,
        _ step: TemplateExpression?,
        line: Int
    ) throws -> TemplateValue {
        let value = try evaluate(of)
        func bound(_ expression: TemplateExpression?) throws -> Int? {
            guard let expression else { return nil }
            let value = try evaluate(expression)
            if value.isNone { return nil }
            guard let index = integer(value) else {
                throw failure(.value, "a slice needs integers, not \(value.typeName)")
            }
            return index
        }
        let (start, stop, step) = (try bound(start), try bound(stop), try bound(step) ?? 1)
        self.line = line
        guard step != 0 else { throw failure(.value, "the step of a slice cannot be zero") }
        switch value {
        case .string(let text): return .string(try sliced(text, start, stop, step))
        case .markup(let text): return .markup(try sliced(text, start, stop, step))
        case .list(let list): return .list(try made(Self.slice(list.items, start, stop, step)))
        case .tuple(let list): return .tuple(try made(Self.slice(list.items, start, stop, step)))
        case .undefined(let undefined): throw failure(.undefined, undefined.reason)
        default: throw failure(.value, "\(value.typeName) cannot be sliced")
        }
    }

    private func sliced(_ text: String, _ start: Int?, _ stop: Int?, _ step: Int) throws -> String {
        try reserve(bytes: text.utf8.count)
        return PythonText.string(Self.slice(Array(text.unicodeScalars), start, stop, step))
    }

    /// Python's `items[start:stop:step]`; `step` is not zero.
    static func slice<Item>(_ items: [Item], _ start: Int?, _ stop: Int?, _ step: Int) -> [Item] {
        let count = items.count
        func clamped(_ index: Int?, _ standard: Int) -> Int {
            guard let index else { return standard }
            let place = index < 0 ? index + count : index
            return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
        }
        if step > 0 {
            let (first, last) = (clamped(start, 0), clamped(stop, count))
            if step == 1 { return first < last ? Array(items[first..<last]) : [] }
            return stride(from: first, to: last, by: step).map { items[$0] }
        }
        return stride(from: clamped(start, count - 1), to: clamped(stop, -1), by: step).map { items[$0] }
    }
}
