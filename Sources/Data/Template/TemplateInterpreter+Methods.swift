/// The methods of strings, dictionaries, lists and the loop that a template may call. What would change a value in
/// place (`append`, `update`, `pop`) is refused, as in Jinja's immutable sandbox.
extension TemplateInterpreter {
    static let stringMethods: Set<String> = [
        "capitalize", "casefold", "count", "endswith", "find", "format", "index", "isalnum", "isalpha", "isdigit",
        "islower", "isspace", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix",
        "removesuffix", "replace", "rfind", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "swapcase", "title", "upper", "zfill",
    ]
    static let dictionaryMethods: Set<String> = [
        "clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
    ]
    static let listMethods: Set<String> = [
        "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
    ]

    func callMethod(_ name: String, of receiver: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        switch receiver {
        case .string(let text): return try callMethod(name, of: text, arguments)
        case .dictionary(let dictionary): return try callMethod(name, of: dictionary, arguments)
        case .list(let list), .tuple(let list): return try callMethod(name, of: list, receiver, arguments)
        case .loop(let loop): return try callMethod(name, of: loop, arguments)
        default: throw failure(.value, "\(receiver.typeName) has no method '\(name)'")
        }
    }

    private func refused(_ name: String) -> TemplateError {
        failure(.value, "'\(name)' is refused: a template cannot change values in place")
    }

    // MARK: Dictionaries, lists, the loop

    private func callMethod(_ name: String, of dictionary: TemplateDictionary, _ arguments: TemplateArguments) throws
        -> TemplateValue
    {
        switch name {
        case "get":
            let values = try arguments.bound(to: ["key", "default"], in: self)
            guard let key = values[0] else { throw failure(.value, "'get' needs a key") }
            if case .string(let key) = key, let value = dictionary[key] { return value }
            return values[1] ?? .none
        case "items", "keys", "values", "copy":
            _ = try arguments.bound(to: [], in: self)
            switch name {
            case "items": return .list(try items(of: dictionary))
            case "keys": return .list(try made(dictionary.items.map { .string($0.key) }))
            case "values": return .list(try made(dictionary.items.map(\.value)))
            default: return .dictionary(dictionary)
            }
        default: throw refused(name)
        }
    }

    func items(of dictionary: TemplateDictionary) throws -> TemplateList {
        try made(try dictionary.items.map { .tuple(try made([.string($0.key), $0.value])) })
    }

    private func callMethod(
        _ name: String, of list: TemplateList, _ receiver: TemplateValue, _ arguments: TemplateArguments
    ) throws -> TemplateValue {
        switch name {
        case "copy":
            _ = try arguments.bound(to: [], in: self)
            return receiver
        case "index", "count":
            guard let item = try arguments.bound(to: ["value"], in: self)[0] else {
                throw failure(.value, "'\(name)' needs a value")
            }
            if name == "count" { return .integer(try list.items.count { try equal($0, item) }) }
            guard let index = try list.items.firstIndex(where: { try equal($0, item) }) else {
                throw failure(.value, "the value is not in the list")
            }
            return .integer(index)
        default: throw refused(name)
        }
    }

    private func callMethod(_ name: String, of loop: LoopState, _ arguments: TemplateArguments) throws -> TemplateValue {
        guard arguments.named.isEmpty else { throw failure(.value, "'loop.\(name)' takes no named arguments") }
        let values = arguments.positional
        if name == "cycle" {
            guard !values.isEmpty else { throw failure(.value, "'loop.cycle' needs something to go through") }
            return values[loop.index % values.count]
        }
        let last = loop.lastChanged
        loop.lastChanged = values
        guard let last, last.count == values.count else { return .bool(true) }
        return .bool(try !zip(last, values).allSatisfy { try equal($0, $1) })
    }

    // MARK: Strings

    private func callMethod(_ name: String, of text: String, _ arguments: TemplateArguments) throws -> TemplateValue {
        try reserve(bytes: text.utf8.count)
        switch name {
        case "upper", "lower", "casefold", "title", "capitalize", "swapcase", "isalpha", "isdigit", "isalnum",
            "isspace", "isupper", "islower":
            _ = try arguments.bound(to: [], in: self)
            return plainMethod(name, of: text)
        case "strip", "lstrip", "rstrip":
            let characters = try optionalText(try arguments.bound(to: ["chars"], in: self)[0], name)
            let side: PythonText.Side = name == "strip" ? .both : name == "lstrip" ? .left : .right
            return .string(PythonText.strip(text, characters, side))
        case "removeprefix":
            let prefix = try requiredText(try arguments.bound(to: ["prefix"], in: self)[0], name)
            let found = PythonText.hasPrefix(text, prefix)
            return .string(found ? PythonText.slice(text, bytes: prefix.utf8.count..<text.utf8.count) : text)
        case "removesuffix":
            let suffix = try requiredText(try arguments.bound(to: ["suffix"], in: self)[0], name)
            let found = PythonText.hasSuffix(text, suffix)
            return .string(found ? PythonText.slice(text, bytes: 0..<text.utf8.count - suffix.utf8.count) : text)
        case "split", "rsplit": return try split(text, arguments, fromEnd: name == "rsplit")
        case "splitlines":
            let keeps = try arguments.bound(to: ["keepends"], in: self)[0]?.isTrue ?? false
            return .list(try made(PythonText.lines(text, keepingEnds: keeps).map { .string($0) }))
        case "partition", "rpartition": return try partition(text, arguments, fromEnd: name == "rpartition")
        case "startswith", "endswith": return .bool(try hasEdge(text, arguments, name))
        case "replace":
            let values = try arguments.bound(to: ["old", "new", "count"], in: self)
            let (old, new) = (try requiredText(values[0], name), try requiredText(values[1], name))
            return .string(try replaced(text, old, new, limit: try optionalInteger(values[2], name)))
        case "join":
            guard let items = try arguments.bound(to: ["iterable"], in: self)[0] else {
                throw failure(.value, "'join' needs a list")
            }
            return .string(try joined(try iterate(items).map { try requiredText($0, name) }, text))
        case "find", "rfind", "index", "count": return try search(text, arguments, name)
        case "ljust", "rjust", "zfill": return try padded(text, arguments, name)
        default: return .string(try formatted(text, arguments))
        }
    }

    private func plainMethod(_ name: String, of text: String) -> TemplateValue {
        let scalars = text.unicodeScalars
        func all(_ holds: (Unicode.Scalar) -> Bool) -> TemplateValue {
            .bool(!scalars.isEmpty && scalars.allSatisfy(holds))
        }
        switch name {
        case "upper": return .string(PythonText.upper(text))
        case "lower", "casefold": return .string(PythonText.lower(text))
        case "title": return .string(PythonText.title(text))
        case "capitalize": return .string(PythonText.capitalize(text))
        case "swapcase":
            return .string(
                scalars.reduce(into: "") {
                    $0 += $1.properties.isUppercase ? $1.properties.lowercaseMapping : $1.properties.uppercaseMapping
                })
        case "isalpha": return all(PythonText.isLetter)
        case "isdigit": return all(PythonText.isDigit)
        case "isalnum": return all(PythonText.isAlphanumeric)
        case "isspace": return all(PythonText.isSpace)
        default: return .bool(PythonText.isAll(upper: name == "isupper", text))
        }
    }

    func requiredText(_ value: TemplateValue?, _ name: String) throws -> String {
        switch value {
        case .string(let text)?: return text
        case .undefined(let what)?: throw failure(.undefined, what)
        case let value?: throw failure(.value, "'\(name)' needs a string, not \(value.typeName)")
        case nil: throw failure(.value, "'\(name)' needs an argument")
        }
    }

    func optionalText(_ value: TemplateValue?, _ name: String) throws -> String? {
        switch value {
        case nil, TemplateValue.none?: nil
        case let value?: try requiredText(value, name)
        }
    }

    func optionalInteger(_ value: TemplateValue?, _ name: String) throws -> Int? {
        guard let value else { return nil }
        guard let number = integer(value) else {
            throw failure(.value, "'\(name)' needs an integer, not \(value.typeName)")
        }
        return number
    }

    private func split(_ text: String, _ arguments: TemplateArguments, fromEnd: Bool) throws -> TemplateValue {
        let values = try arguments.bound(to: ["sep", "maxsplit"], in: self)
        var limit = try optionalInteger(values[1], "split")
        if let given = limit, given < 0 { limit = nil }
        let parts: [String]
        if let separator = try optionalText(values[0], "split") {
            guard !separator.isEmpty else { throw failure(.value, "the separator of 'split' is empty") }
            parts = PythonText.split(text, by: separator, limit: limit, fromEnd: fromEnd)
        } else {
            parts = PythonText.splitAtSpaces(text, limit: limit, fromEnd: fromEnd)
        }
        return .list(try made(parts.map { .string($0) }))
    }

    private func partition(_ text: String, _ arguments: TemplateArguments, fromEnd: Bool) throws -> TemplateValue {
        let separator = try requiredText(try arguments.bound(to: ["sep"], in: self)[0], "partition")
        guard !separator.isEmpty else { throw failure(.value, "the separator of 'partition' is empty") }
        var parts = PythonText.split(text, by: separator, limit: 1, fromEnd: fromEnd)
        if parts.count == 2 {
            parts.insert(separator, at: 1)
        } else {
            parts = fromEnd ? ["", "", text] : [text, "", ""]
        }
        return .tuple(try made(parts.map { .string($0) }))
    }

    private func hasEdge(_ text: String, _ arguments: TemplateArguments, _ name: String) throws -> Bool {
        let values = try arguments.bound(to: ["affix", "start", "end"], in: self)
        let range = try scalarRange(of: text, values[1], values[2], name)
        guard let range else { return false }
        let part = String(text.unicodeScalars[range])
        var affixes = [values[0]]
        if case .tuple(let list)? = values[0] { affixes = list.items }
        return try affixes.contains { affix in
            let affix = try requiredText(affix, name)
            return name == "startswith" ? PythonText.hasPrefix(part, affix) : PythonText.hasSuffix(part, affix)
        }
    }

    /// The part of a text that Python's `start` and `end` arguments mean; nil when `start` lies behind its end.
    private func scalarRange(of text: String, _ start: TemplateValue?, _ end: TemplateValue?, _ name: String) throws
        -> Range<String.Index>?
    {
        let scalars = text.unicodeScalars
        guard start != nil || end != nil else { return scalars.startIndex..<scalars.endIndex }
        let count = scalars.count
        func place(_ value: TemplateValue?, _ standard: Int) throws -> Int {
            if case .none? = value { return standard }
            guard let index = try optionalInteger(value, name) else { return standard }
            return index < 0 ? max(0, index + count) : index
        }
        let (first, last) = (try place(start, 0), min(count, try place(end, count)))
        guard first <= last else { return nil }
        return scalars.index(scalars.startIndex, offsetBy: first)..<scalars.index(scalars.startIndex, offsetBy: last)
    }

    private func search(_ text: String, _ arguments: TemplateArguments, _ name: String) throws -> TemplateValue {
        let values = try arguments.bound(to: ["sub", "start", "end"], in: self)
        let part = try requiredText(values[0], name)
        let range = try scalarRange(of: text, values[1], values[2], name)
        let searched = range.map { String(text.unicodeScalars[$0]) } ?? ""
        let before = range.map { text.unicodeScalars[..<$0.lowerBound].count } ?? 0
        if name == "count" {
            guard range != nil else { return .integer(0) }
            return .integer(
                part.isEmpty ? searched.unicodeScalars.count + 1 : PythonText.occurrences(of: part, in: searched).count)
        }
        var offset: Int?
        if range != nil {
            if part.isEmpty {
                offset = name == "rfind" ? searched.utf8.count : 0
            } else if name == "rfind" {
                let fromEnd = PythonText.occurrences(
                    of: PythonText.reverse(part), in: PythonText.reverse(searched), limit: 1)
                offset = fromEnd.first.map { searched.utf8.count - $0 - part.utf8.count }
            } else {
                offset = PythonText.occurrences(of: part, in: searched, limit: 1).first
            }
        }
        guard let offset else {
            if name == "index" { throw failure(.value, "the text is not found") }
            return .integer(-1)
        }
        return .integer(before + PythonText.slice(searched, bytes: 0..<offset).unicodeScalars.count)
    }

    private func padded(_ text: String, _ arguments: TemplateArguments, _ name: String) throws -> TemplateValue {
        let values = try arguments.bound(to: ["width", "fillchar"], in: self)
        guard let width = try optionalInteger(values[0], name) else { throw failure(.value, "'\(name)' needs a width") }
        let fill = try optionalText(values[1], name) ?? (name == "zfill" ? "0" : " ")
        guard fill.unicodeScalars.count == 1 else { throw failure(.value, "'\(name)' fills with one character") }
        let missing = max(0, width) - text.unicodeScalars.count
        guard missing > 0 else { return .string(text) }
        let padding = try repeated(fill, missing)
        if name == "ljust" { return .string(text + padding) }
        if name == "zfill", let sign = text.first, sign == "-" || sign == "+" {
            return .string(String(sign) + padding + text.dropFirst())
        }
        return .string(padding + text)
    }

    // MARK: Shared with filters

    func joined(_ parts: [String], _ separator: String) throws -> String {
        try reserve(bytes: separator.utf8.count, times: parts.count)
        try reserve(bytes: parts.reduce(0) { $0 + $1.utf8.count })
        return parts.joined(separator: separator)
    }

    /// Python's `replace`: an empty `old` stands between all characters.
    func replaced(_ text: String, _ old: String, _ new: String, limit: Int?) throws -> String {
        let limit = limit.map { $0 < 0 ? Int.max : $0 } ?? .max
        if old.isEmpty {
            var pieces = [""] + text.unicodeScalars.map { String($0) }
            let count = min(limit, pieces.count)
            try reserve(bytes: new.utf8.count, times: count)
            for index in 0..<count { pieces[index] += new }
            // "ab" becomes "-a-b-": the new text follows the empty start and every character.
            return pieces.joined()
        }
        let cuts = PythonText.occurrences(of: old, in: text, limit: limit)
        try reserve(bytes: new.utf8.count, times: cuts.count)
        try reserve(bytes: text.utf8.count)
        guard !cuts.isEmpty else { return text }
        return PythonText.split(text, by: old, limit: limit == .max ? nil : limit, fromEnd: false).joined(
            separator: new)
    }

    /// `str.format` with `{}`, `{0}` and `{name}`, without format specifications.
    private func formatted(_ format: String, _ arguments: TemplateArguments) throws -> String {
        var result = ""
        var automatic = 0
        var rest = Substring(format).unicodeScalars
        while let scalar = rest.popFirst() {
            if scalar == "{" || scalar == "}", rest.first == scalar {
                rest.removeFirst()
                result.unicodeScalars.append(scalar)
            } else if scalar == "{" {
                guard let end = rest.firstIndex(of: "}") else { throw failure(.value, "'format': '{' without '}'") }
                let field = String(rest[..<end])
                rest = rest[rest.index(after: end)...]
                let value: TemplateValue?
                if field.isEmpty || Int(field) != nil {
                    let index = Int(field) ?? automatic
                    automatic += 1
                    value = arguments.positional.indices.contains(index) ? arguments.positional[index] : nil
                } else {
                    value = arguments.named.first { $0.name == field }?.value
                }
                guard let value else { throw failure(.value, "'format' has no value for '{\(field)}'") }
                result += try text(of: value)
            } else if scalar == "}" {
                throw failure(.value, "'format': '}' without '{'")
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        try reserve(bytes: result.utf8.count)
        return result
    }
}
