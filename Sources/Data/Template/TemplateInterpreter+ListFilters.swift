/// Jinja's filters that go through lists. Where Jinja gives a generator, these make all that it generates at once.
extension TemplateInterpreter {
    func applyList(filter: TemplateFilterName.Known, to value: TemplateValue, _ arguments: TemplateArguments) throws
        -> TemplateValue
    {
        switch filter {
        case .first:
            if case .generator(let generator) = value { return generator.next() ?? .undefined("there is no first item") }
            return try iterate(value).first ?? .undefined("there is no first item")
        case .last:
            if case .generator = value { throw failure(.value, "'last' needs a list, not \(value.typeName)") }
            return try iterate(value).last ?? .undefined("there is no last item")
        case .list: return .list(try made(try iterate(value)))
        case .items:
            switch value {
            case .undefined: return generated(TemplateList([]))
            case .dictionary(let dictionary): return generated(try items(of: dictionary))
            default: throw failure(.value, "'items' needs a dictionary, not \(value.typeName)")
            }
        case .join:
            let values = try arguments.bound(to: ["d", "attribute"], in: self)
            let key = try keyed(by: values[1], ignoringCase: false)
            let parts = try iterate(value).map { try text(of: try key($0)) }
            return .string(try joined(parts, try text(of: values[0] ?? .string(""))))
        case .reverse:
            switch value {
            case .string(let text): return try made(PythonText.reverse(text))
            case .markup(let text): return try made(PythonText.reverse(text), isMarkup: true)
            // Python cannot go backwards through a generator, so Jinja makes a list.
            case .generator: return .list(try made(try iterate(value).reversed()))
            default: return generated(try made(try iterate(value).reversed()))
            }
        case .sort: return .list(try made(try sorted(value, arguments)))
        case .dictsort: return try sortedDictionary(value, arguments)
        case .unique: return generated(try made(try unique(value, arguments)))
        case .min, .max: return try extreme(value, arguments, greatest: filter == .max)
        case .sum: return try sum(value, arguments)
        case .batch, .slice: return generated(try grouped(value, arguments, filter.rawValue))
        case .groupby: return try groupedByKey(value, arguments)
        // These five give nothing for whatever is false, even where it could not be gone through.
        case .map: return generated(try made(value.isTrue ? try mapped(value, arguments) : []))
        case .select, .reject, .selectattr, .rejectattr:
            return generated(try made(value.isTrue ? try selected(value, arguments, filter.rawValue) : []))
        default: throw failure(.syntax, "there is no filter '\(filter.rawValue)'")
        }
    }

    private func generated(_ list: TemplateList) -> TemplateValue { .generator(TemplateGenerator(list)) }

    // MARK: Keys

    /// A function that looks up `attribute` (a name, an index, or several with dots between) of an item.
    private func keyed(by attribute: TemplateValue?, ignoringCase: Bool, standard: TemplateValue? = nil) throws
        -> (TemplateValue) throws -> TemplateValue
    {
        let path: [TemplateValue]
        switch attribute {
        case nil, TemplateValue.none?: path = []
        case .string(let text)?, .markup(let text)?:
            path = PythonText.split(text, by: ".", limit: nil, fromEnd: false).map { part in
                Int(part).flatMap { $0 >= 0 ? .integer($0) : nil } ?? .string(part)
            }
        case let index?: path = [index]
        }
        return { item in
            var value = item
            for part in path {
                value = try self.item(part, of: value)
                if value.isUndefined, let standard, !standard.isNone { value = standard }
            }
            if ignoringCase, let text = value.string { value = try self.made(PythonText.lower(text)) }
            return value
        }
    }

    // MARK: Order

    private func sorted(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> [TemplateValue] {
        let values = try arguments.bound(to: ["reverse", "case_sensitive", "attribute"], in: self)
        var attributes = [values[2]]
        if let text = values[2]?.string {
            // Several attributes with commas between sort by the first, then by the next.
            attributes = PythonText.split(text, by: ",", limit: nil, fromEnd: false).map { .string($0) }
        }
        let keys = try attributes.map { try keyed(by: $0, ignoringCase: values[1]?.isTrue != true) }
        let items = try iterate(value).map { item in
            (key: TemplateValue.list(try made(try keys.map { try $0(item) })), item: item)
        }
        return try sorted(items, descending: values[0]?.isTrue ?? false)
    }

    /// A stable sort, as Python's: what compares equal keeps its order, also when descending.
    private func sorted(_ items: [(key: TemplateValue, item: TemplateValue)], descending: Bool) throws
        -> [TemplateValue]
    {
        try items.enumerated().sorted { left, right in
            let order = try ordering(left.element.key, right.element.key)
            if order == 0 { return left.offset < right.offset }
            return descending ? order > 0 : order < 0
        }.map(\.element.item)
    }

    private func sortedDictionary(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        guard case .dictionary(let dictionary) = value else {
            if case .undefined(let undefined) = value { throw failure(.undefined, undefined.reason) }
            throw failure(.value, "'dictsort' needs a dictionary, not \(value.typeName)")
        }
        let values = try arguments.bound(to: ["case_sensitive", "by", "reverse"], in: self)
        let by = try optionalText(values[1], "dictsort") ?? "key"
        guard by == "key" || by == "value" else { throw failure(.value, "'dictsort' sorts by key or value") }
        let key = try keyed(by: nil, ignoringCase: values[0]?.isTrue != true)
        let pairs = try items(of: dictionary).items
        let keyed = try zip(dictionary.items, pairs).map { item, pair in
            (key: try key(by == "key" ? item.key.value : item.value), item: pair)
        }
        return .list(try made(try sorted(keyed, descending: values[2]?.isTrue ?? false)))
    }

    private func unique(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> [TemplateValue] {
        let values = try arguments.bound(to: ["case_sensitive", "attribute"], in: self)
        let key = try keyed(by: values[1], ignoringCase: values[0]?.isTrue != true)
        var seen: Set<TemplateKey> = []
        return try iterate(value).filter { item in
            try step()
            return seen.insert(try self.key(try key(item))).inserted
        }
    }

    private func extreme(_ value: TemplateValue, _ arguments: TemplateArguments, greatest: Bool) throws -> TemplateValue {
        let values = try arguments.bound(to: ["case_sensitive", "attribute"], in: self)
        let key = try keyed(by: values[1], ignoringCase: values[0]?.isTrue != true)
        var best: (key: TemplateValue, item: TemplateValue)?
        for item in try iterate(value) {
            let itemKey = try key(item)
            if let current = best {
                let order = try ordering(itemKey, current.key)
                guard greatest ? order > 0 : order < 0 else { continue }
            }
            best = (itemKey, item)
        }
        return best?.item ?? .undefined("the sequence is empty")
    }

    private func sum(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["attribute", "start"], in: self)
        let key = try keyed(by: values[0], ignoringCase: false)
        var total = values[1] ?? .integer(0)
        for item in try iterate(value) { total = try arithmetic(.plus, total, try key(item)) }
        return total
    }

    // MARK: Groups

    private func grouped(_ value: TemplateValue, _ arguments: TemplateArguments, _ name: String) throws -> TemplateList {
        let values = try arguments.bound(to: [name == "batch" ? "linecount" : "slices", "fill_with"], in: self)
        let items = try iterate(value)
        guard let count = try optionalInteger(values[0], name), count > 0 else {
            throw failure(.value, "'\(name)' needs a count above zero")
        }
        var fill = values[1]
        if fill?.isNone == true { fill = nil }
        var groups: [[TemplateValue]] = []
        if name == "batch" {
            groups = stride(from: 0, to: items.count, by: count).map { Array(items[$0..<min($0 + count, items.count)]) }
            if let fill, let last = groups.last {
                try reserve(bytes: MemoryLayout<TemplateValue>.stride, times: count)
                groups[groups.count - 1] += Array(repeating: fill, count: count - last.count)
            }
        } else {
            try reserve(bytes: MemoryLayout<TemplateValue>.stride, times: count)
            let (size, extra) = items.count.quotientAndRemainder(dividingBy: count)
            var start = 0
            for index in 0..<count {
                let end = start + size + (index < extra ? 1 : 0)
                groups.append(Array(items[start..<end]))
                if let fill, index >= extra { groups[index].append(fill) }
                start = end
            }
        }
        return try made(try groups.map { .list(try made($0)) })
    }

    private func groupedByKey(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["attribute", "default", "case_sensitive"], in: self)
        let key = try keyed(by: values[0], ignoringCase: values[2]?.isTrue != true, standard: values[1])
        let shown = try keyed(by: values[0], ignoringCase: false, standard: values[1])
        let items = try sorted(try iterate(value).map { (key: try key($0), item: $0) }, descending: false)
        var groups: [(key: TemplateValue, items: [TemplateValue])] = []
        for item in items {
            let itemKey = try key(item)
            if let last = groups.last, try equal(last.key, itemKey) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((itemKey, [item]))
            }
        }
        return .list(
            try made(
                try groups.map { group in
                    .tuple(try madeGroup(try shown(group.items[0]), .list(try made(group.items))))
                }))
    }

    private func madeGroup(_ grouper: TemplateValue, _ list: TemplateValue) throws -> TemplateList {
        let pair = TemplateList([grouper, list], isGroup: true)
        try checkDepth(pair.depth)
        return pair
    }

    // MARK: Map and select

    private func mapped(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> [TemplateValue] {
        let items = try iterate(value)
        guard let first = arguments.positional.first else {
            let values = try arguments.bound(to: ["attribute", "default"], in: self)
            guard let attribute = values[0] else { throw failure(.value, "'map' needs a filter or an attribute") }
            let key = try keyed(by: attribute, ignoringCase: false, standard: values[1])
            return try items.map(key)
        }
        let name = TemplateFilterName(try requiredText(first, "map"))
        let rest = TemplateArguments(positional: Array(arguments.positional.dropFirst()), named: arguments.named)
        return try items.map { try apply(filter: name, to: $0, rest) }
    }

    private func selected(_ value: TemplateValue, _ arguments: TemplateArguments, _ name: String) throws
        -> [TemplateValue]
    {
        var positional = arguments.positional[...]
        var key: (TemplateValue) throws -> TemplateValue = { $0 }
        if name.hasSuffix("attr") {
            guard let attribute = positional.popFirst() else { throw failure(.value, "'\(name)' needs an attribute") }
            key = try keyed(by: attribute, ignoringCase: false)
        }
        let testName = try positional.popFirst().map { TemplateTestName(try requiredText($0, name)) }
        let rest = TemplateArguments(positional: Array(positional), named: arguments.named)
        let keeps = name.hasPrefix("select")
        return try iterate(value).filter { item in
            try step()
            let value = try key(item)
            let holds = try testName.map { try test($0, value, rest) } ?? value.isTrue
            return holds == keeps
        }
    }
}
