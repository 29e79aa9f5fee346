/// Evaluation of expressions. Each form has a function of its own: the frames of the recursion stay small.
extension TemplateInterpreter {
    func evaluate(_ expression: TemplateExpression) throws -> TemplateValue {
        line = expression.line
        try step()
        try enter()
        defer { leave() }
        return try value(of: expression)
    }

    private func value(of expression: TemplateExpression) throws -> TemplateValue {
        switch expression.form {
        case .none: .none
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let text): .string(text)
        case .name(let name): variable(name)
        case .list(let items): .list(try made(try items.map { try evaluate($0) }))
        case .tuple(let items): .tuple(try made(try items.map { try evaluate($0) }))
        case .dictionary(let items): try dictionary(items)
        case .attribute(let of, let name): try attributeValue(of, name, line: expression.line)
        case .item(let of, let key): try itemValue(of, key, line: expression.line)
        case .slice(let of, let start, let stop, let step): try sliceValue(of, start, stop, step, line: expression.line)
        case .call(let callee, let call): try callValue(callee, call, line: expression.line)
        case .filter(let operand, let filter): try apply(filter, to: try evaluate(operand))
        case .test(let operand, let name, let call): try testValue(operand, name, call, line: expression.line)
        case .negative(let operand): try negated(try evaluate(operand))
        case .positive(let operand): try numeric(try evaluate(operand), for: "+")
        case .not(let operand): .bool(!(try evaluate(operand).isTrue))
        case .and(let operands): try firstValue(of: operands, thatIs: false)
        case .or(let operands): try firstValue(of: operands, thatIs: true)
        case .arithmetic(let first, let operations): try arithmeticValue(first, operations, line: expression.line)
        case .concatenation(let operands): try concatenation(operands)
        case .comparison(let first, let operations): try comparisonValue(first, operations, line: expression.line)
        case .conditional(let test, let value, let otherwise): try conditionalValue(test, value, otherwise)
        }
    }

    private func variable(_ name: String) -> TemplateValue {
        if let value = scope[name] { return value }
        if let function = TemplateFunction(rawValue: name) { return .function(function) }
        return .undefined("'\(name)' is not defined")
    }

    private func dictionary(_ items: [(key: TemplateExpression, value: TemplateExpression)]) throws -> TemplateValue {
        var dictionary = TemplateDictionary()
        for item in items {
            guard case .string(let key) = try evaluate(item.key) else {
                throw failure(.value, "only strings can be keys of a dictionary")
            }
            dictionary[key] = try evaluate(item.value)
        }
        try reserve(bytes: dictionary.count * MemoryLayout<TemplateValue>.stride * 2)
        try checkDepth(dictionary.depth)
        return .dictionary(dictionary)
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
        if try evaluate(test).isTrue { return try evaluate(value) }
        if let otherwise { return try evaluate(otherwise) }
        return .undefined("the inline 'if' has no 'else'")
    }

    // MARK: Calls, tests

    private func callValue(_ callee: TemplateExpression, _ call: TemplateCall, line: Int) throws -> TemplateValue {
        let function = try evaluate(callee)
        let arguments = try evaluate(call)
        self.line = line
        switch function {
        case .macro(let index): return try callMacro(index, arguments)
        case .function(let function): return try self.call(function, arguments)
        case .method(let receiver, let name): return try callMethod(name, of: receiver, arguments)
        case .undefined(let what): throw failure(.undefined, what)
        default: throw failure(.value, "\(function.typeName) cannot be called")
        }
    }

    func evaluate(_ call: TemplateCall) throws -> TemplateArguments {
        TemplateArguments(
            positional: try call.positional.map { try evaluate($0) },
            named: try call.named.map { ($0.name, try evaluate($0.value)) })
    }

    private func testValue(_ operand: TemplateExpression, _ name: String, _ call: TemplateCall, line: Int) throws
        -> TemplateValue
    {
        let value = try evaluate(operand)
        let arguments = try evaluate(call)
        self.line = line
        return .bool(try test(name, value, arguments))
    }

    func apply(_ filter: TemplateFilter, to value: TemplateValue) throws -> TemplateValue {
        let arguments = try evaluate(filter.call)
        line = filter.line
        return try apply(filter: filter.name, to: value, arguments)
    }

    // MARK: Attributes and items

    private func attributeValue(_ of: TemplateExpression, _ name: String, line: Int) throws -> TemplateValue {
        let value = try evaluate(of)
        self.line = line
        return try attribute(name, of: value)
    }

    /// `value.name`: Python's own attribute, else the item of that name.
    func attribute(_ name: String, of value: TemplateValue) throws -> TemplateValue {
        if let method = ownAttribute(name, of: value) { return method }
        switch value {
        case .dictionary(let dictionary):
            if let item = dictionary[name] { return item }
        case .undefined(let what):
            throw failure(.undefined, what)
        default: break
        }
        return .undefined("\(value.typeName) has no attribute '\(name)'")
    }

    /// `value[key]`: the item, else Python's own attribute of that name.
    func item(_ key: TemplateValue, of value: TemplateValue) throws -> TemplateValue {
        switch (value, key) {
        case (.undefined(let what), _):
            throw failure(.undefined, what)
        case (.dictionary(let dictionary), .string(let name)):
            if let item = dictionary[name] { return item }
            return ownAttribute(name, of: value) ?? .undefined("there is no key '\(name)'")
        case (_, .string(let name)):
            return ownAttribute(name, of: value) ?? .undefined("\(value.typeName) has no attribute '\(name)'")
        case (.list(let list), _), (.tuple(let list), _):
            guard let index = integer(key) else { break }
            let place = index < 0 ? index + list.items.count : index
            return list.items.indices.contains(place) ? list.items[place] : .undefined("there is no item \(index)")
        case (.string(let text), _):
            guard let index = integer(key) else { break }
            return character(index, of: text)
        default: break
        }
        return .undefined("\(value.typeName) has no item of that key")
    }

    private func character(_ index: Int, of text: String) -> TemplateValue {
        let scalars = text.unicodeScalars
        let found: String.UnicodeScalarView.Index?
        if index >= 0 {
            found = scalars.index(scalars.startIndex, offsetBy: index, limitedBy: scalars.endIndex)
        } else {
            found = scalars.index(scalars.endIndex, offsetBy: index, limitedBy: scalars.startIndex)
        }
        guard let found, found < scalars.endIndex else { return .undefined("there is no character \(index)") }
        return .string(String(scalars[found]))
    }

    private func ownAttribute(_ name: String, of value: TemplateValue) -> TemplateValue? {
        switch value {
        case .string: Self.stringMethods.contains(name) ? .method(of: value, name: name) : nil
        case .dictionary: Self.dictionaryMethods.contains(name) ? .method(of: value, name: name) : nil
        case .list, .tuple: Self.listMethods.contains(name) ? .method(of: value, name: name) : nil
        case .namespace(let namespace): namespace.attributes[name]
        case .loop(let loop): loop.attribute(name)
        default: nil
        }
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
            if case .none = value { return nil }
            guard let index = integer(value) else {
                throw failure(.value, "a slice needs integers, not \(value.typeName)")
            }
            return index
        }
        let (start, stop, step) = (try bound(start), try bound(stop), try bound(step) ?? 1)
        self.line = line
        guard step != 0 else { throw failure(.value, "the step of a slice cannot be zero") }
        switch value {
        case .string(let text):
            try reserve(bytes: text.utf8.count)
            return .string(PythonText.string(Self.slice(Array(text.unicodeScalars), start, stop, step)))
        case .list(let list): return .list(try made(Self.slice(list.items, start, stop, step)))
        case .tuple(let list): return .tuple(try made(Self.slice(list.items, start, stop, step)))
        case .undefined(let what): throw failure(.undefined, what)
        default: throw failure(.value, "\(value.typeName) cannot be sliced")
        }
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
