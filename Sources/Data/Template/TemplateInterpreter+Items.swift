/// Attributes, items and slices.
extension TemplateInterpreter {
    func attributeValue(_ of: TemplateExpression, _ name: TemplateAttribute, line: Int) throws -> TemplateValue {
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

    func itemValue(_ of: TemplateExpression, _ key: TemplateExpression, line: Int) throws -> TemplateValue {
        let value = try evaluate(of)
        let key = try evaluate(key)
        self.line = line
        return try item(key, of: value)
    }

    func sliceValue(
        _ of: TemplateExpression, _ start: TemplateExpression?, _ stop: TemplateExpression?,
        _ step: TemplateExpression?,
        line: Int
    ) throws -> TemplateValue {
        let value = try evaluate(of)
        func bound(_ expression: TemplateExpression?) throws -> Int? {
            guard let expression else { return nil }
            let value = try evaluate(expression)
            if value.isNone { return nil }
            // What lies beyond all integers lies beyond the ends.
            if case .largeInteger(let digits) = value { return digits.hasPrefix("-") ? -Int.max : .max }
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
