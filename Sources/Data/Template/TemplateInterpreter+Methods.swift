/// The methods of dictionaries, lists and the loop that a template may call. What would change a value in place
/// (`append`, `update`, `pop`) is refused, as in Jinja's immutable sandbox.
extension TemplateInterpreter {
    func callMethod(_ method: TemplateMethod, of receiver: TemplateValue, _ arguments: TemplateArguments) throws
        -> TemplateValue
    {
        switch receiver {
        case .string(let text): return try callMethod(method, of: text, isMarkup: false, arguments)
        case .markup(let text): return try callMethod(method, of: text, isMarkup: true, arguments)
        case .dictionary(let dictionary): return try callMethod(method, of: dictionary, arguments)
        case .list(let list), .tuple(let list): return try callMethod(method, of: list, receiver, arguments)
        case .loop(let loop): return try callMethod(method, of: loop, arguments)
        case .function(.dictionary) where method == .fromkeys: return try dictionaryFromKeys(arguments)
        default: throw failure(.value, "\(receiver.typeName) has no method '\(method.rawValue)'")
        }
    }

    private func refused(_ method: TemplateMethod) -> TemplateError {
        failure(.value, "'\(method.rawValue)' is refused: a template cannot change values in place")
    }

    private func callMethod(
        _ method: TemplateMethod, of dictionary: TemplateDictionary, _ arguments: TemplateArguments
    ) throws -> TemplateValue {
        switch method {
        case .get:
            let values = try arguments.bound(to: ["key", "default"], in: self)
            guard let key = values[0] else { throw failure(.value, "'get' needs a key") }
            if case .string(let name) = key { return dictionary[name] ?? values[1] ?? .none }
            return dictionary[try self.key(key)] ?? values[1] ?? .none
        case .items, .keys, .values, .copy:
            try arguments.expectNone(in: self)
            switch method {
            case .items: return .list(try items(of: dictionary))
            case .keys: return .list(try made(dictionary.keys))
            case .values: return .list(try made(dictionary.items.map(\.value)))
            default: return .dictionary(dictionary)
            }
        case .fromkeys: return try dictionaryFromKeys(arguments)
        default: throw refused(method)
        }
    }

    func items(of dictionary: TemplateDictionary) throws -> TemplateList {
        try reserve(bytes: 2 * MemoryLayout<TemplateValue>.stride, times: dictionary.count)
        return try made(dictionary.items.map { .tuple(TemplateList([$0.key.value, $0.value])) })
    }

    private func callMethod(
        _ method: TemplateMethod, of list: TemplateList, _ receiver: TemplateValue, _ arguments: TemplateArguments
    ) throws -> TemplateValue {
        switch method {
        case .copy:
            try arguments.expectNone(in: self)
            return receiver
        case .index:
            let values = try arguments.bound(to: ["value", "start", "stop"], in: self)
            guard let item = values[0] else { throw failure(.value, "'index' needs a value") }
            let count = list.items.count
            func place(_ value: TemplateValue?, _ standard: Int) throws -> Int {
                let index = try optionalInteger(value, "index") ?? standard
                return min(max(index < 0 ? index + count : index, 0), count)
            }
            let (start, stop) = (try place(values[1], 0), try place(values[2], count))
            guard start < stop, let index = try list.items[start..<stop].firstIndex(where: { try equal($0, item) }) else {
                throw failure(.value, "the value is not in the list")
            }
            return .integer(index)
        case .count:
            guard let item = try arguments.single("value", in: self) else {
                throw failure(.value, "'count' needs a value")
            }
            return .integer(try list.items.count { try equal($0, item) })
        default: throw refused(method)
        }
    }

    private func callMethod(_ method: TemplateMethod, of loop: LoopState, _ arguments: TemplateArguments) throws
        -> TemplateValue
    {
        guard arguments.named.isEmpty else {
            throw failure(.value, "'loop.\(method.rawValue)' takes no named arguments")
        }
        let values = arguments.positional
        if method == .cycle {
            guard !values.isEmpty else { throw failure(.value, "'loop.cycle' needs something to go through") }
            return values[loop.index % values.count]
        }
        let last = loop.lastChanged
        loop.lastChanged = values
        guard let last, last.count == values.count else { return .bool(true) }
        return .bool(try !zip(last, values).allSatisfy { try equal($0, $1) })
    }
}
