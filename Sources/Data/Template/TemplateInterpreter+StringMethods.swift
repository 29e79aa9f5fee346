/// The methods of strings. Of markup they make markup, and they escape what they add to it.
extension TemplateInterpreter {
    func callMethod(_ method: TemplateMethod, of text: String, isMarkup: Bool, _ arguments: TemplateArguments) throws
        -> TemplateValue
    {
        try reserve(bytes: text.utf8.count)
        let name = method.rawValue
        /// A part or another form of the text, marked as the text is.
        func marked(_ text: String) -> TemplateValue { isMarkup ? .markup(text) : .string(text) }
        func list(_ parts: [String]) throws -> TemplateList { try made(parts.map(marked)) }
        switch method {
        case .upper, .lower, .casefold, .title, .capitalize, .swapcase:
            try arguments.expectNone(in: self)
            return marked(Self.recased(method, text))
        case .isalpha, .isascii, .isdecimal, .isdigit, .isidentifier, .isalnum, .isnumeric, .isprintable, .isspace,
            .istitle, .isupper, .islower:
            try arguments.expectNone(in: self)
            return .bool(Self.tests(method, text))
        case .strip, .lstrip, .rstrip:
            let characters = try optionalText(try arguments.single("chars", in: self), name)
            let side: PythonText.Side = method == .strip ? .both : method == .lstrip ? .left : .right
            return marked(PythonText.strip(text, characters, side))
        case .removeprefix:
            let prefix = try requiredText(try arguments.single("prefix", in: self), name)
            let found = PythonText.hasPrefix(text, prefix)
            return marked(found ? PythonText.slice(text, bytes: prefix.utf8.count..<text.utf8.count) : text)
        case .removesuffix:
            let suffix = try requiredText(try arguments.single("suffix", in: self), name)
            let found = PythonText.hasSuffix(text, suffix)
            return marked(found ? PythonText.slice(text, bytes: 0..<text.utf8.count - suffix.utf8.count) : text)
        case .split, .rsplit: return .list(try list(try split(text, arguments, fromEnd: method == .rsplit)))
        case .splitlines:
            let keeps = try arguments.single("keepends", in: self)?.isTrue ?? false
            return .list(try list(PythonText.lines(text, keepingEnds: keeps)))
        case .partition, .rpartition:
            return .tuple(try list(try partition(text, arguments, fromEnd: method == .rpartition)))
        case .startswith, .endswith: return .bool(try hasEdge(text, arguments, atStart: method == .startswith))
        case .replace:
            let values = try arguments.bound(to: ["old", "new", "count"], in: self)
            let (old, new) = (try requiredText(values[0], name), try requiredText(values[1], name))
            let limit = try optionalInteger(values[2], name)
            let added = isMarkup ? try escapedText(of: values[1] ?? .none) : new
            return marked(try replaced(text, old, added, limit: limit))
        case .join:
            guard let items = try arguments.single("iterable", in: self) else {
                throw failure(.value, "'join' needs a list")
            }
            let parts = try iterate(items).map { isMarkup ? try escapedText(of: $0) : try requiredText($0, name) }
            return marked(try joined(parts, text))
        case .find, .rfind, .index, .rindex, .count: return try search(text, arguments, method)
        case .ljust, .rjust, .center: return marked(try padded(text, arguments, method, escapesFill: isMarkup))
        case .zfill:
            guard let width = try optionalInteger(try arguments.single("width", in: self), name) else {
                throw failure(.value, "'zfill' needs a width")
            }
            return marked(try zeroFilled(text, width))
        case .expandtabs:
            let size = try optionalInteger(try arguments.single("tabsize", in: self), name) ?? 8
            return marked(try tabsExpanded(text, size))
        case .formatMap:
            guard let mapping = try arguments.single("mapping", in: self) else {
                throw failure(.value, "'format_map' needs a dictionary")
            }
            return marked(try braceFormatted(text, TemplateArguments(), mapping: mapping, isMarkup: isMarkup))
        default: return marked(try braceFormatted(text, arguments, isMarkup: isMarkup))
        }
    }

    private static func recased(_ method: TemplateMethod, _ text: String) -> String {
        switch method {
        case .upper: PythonText.upper(text)
        case .lower: PythonText.lower(text)
        case .casefold: PythonText.casefold(text)
        case .title: PythonText.title(text)
        case .capitalize: PythonText.capitalize(text)
        default:
            text.unicodeScalars.reduce(into: "") {
                $0 += $1.properties.isUppercase ? $1.properties.lowercaseMapping : $1.properties.uppercaseMapping
            }
        }
    }

    private static func tests(_ method: TemplateMethod, _ text: String) -> Bool {
        let scalars = text.unicodeScalars
        func all(_ holds: (Unicode.Scalar) -> Bool) -> Bool { !scalars.isEmpty && scalars.allSatisfy(holds) }
        return switch method {
        case .isalpha: all(PythonText.isLetter)
        case .isascii: scalars.allSatisfy(\.isASCII)
        case .isdecimal: all { $0.properties.numericType == .decimal }
        case .isdigit: all(PythonText.isDigit)
        case .isnumeric: all { $0.properties.numericType != nil }
        case .isalnum: all(PythonText.isAlphanumeric)
        case .isspace: all(PythonText.isSpace)
        case .isprintable: scalars.allSatisfy { $0 == " " || isPrintable($0) }
        case .isidentifier:
            all { $0 == "_" || $0.properties.isXIDContinue }
                && scalars.first.map { $0 == "_" || $0.properties.isXIDStart } == true
        case .istitle: PythonText.isTitle(text)
        default: PythonText.isAll(upper: method == .isupper, text)
        }
    }

    func requiredText(_ value: TemplateValue?, _ name: String) throws -> String {
        switch value {
        case .string(let text)?, .markup(let text)?: return text
        case .undefined(let undefined)?: throw failure(.undefined, undefined.reason)
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

    private func split(_ text: String, _ arguments: TemplateArguments, fromEnd: Bool) throws -> [String] {
        let values = try arguments.bound(to: ["sep", "maxsplit"], in: self)
        var limit = try optionalInteger(values[1], "split")
        if let given = limit, given < 0 { limit = nil }
        if let separator = try optionalText(values[0], "split") {
            guard !separator.isEmpty else { throw failure(.value, "the separator of 'split' is empty") }
            return PythonText.split(text, by: separator, limit: limit, fromEnd: fromEnd)
        }
        return PythonText.splitAtSpaces(text, limit: limit, fromEnd: fromEnd)
    }

    private func partition(_ text: String, _ arguments: TemplateArguments, fromEnd: Bool) throws -> [String] {
        let separator = try requiredText(try arguments.single("sep", in: self), "partition")
        guard !separator.isEmpty else { throw failure(.value, "the separator of 'partition' is empty") }
        var parts = PythonText.split(text, by: separator, limit: 1, fromEnd: fromEnd)
        guard parts.count == 2 else { return fromEnd ? ["", "", text] : [text, "", ""] }
        parts.insert(separator, at: 1)
        return parts
    }

    private func hasEdge(_ text: String, _ arguments: TemplateArguments, atStart: Bool) throws -> Bool {
        let name = atStart ? "startswith" : "endswith"
        let values = try arguments.bound(to: ["affix", "start", "end"], in: self)
        let range = try scalarRange(of: text, values[1], values[2], name)
        guard let range else { return false }
        let part = String(text.unicodeScalars[range])
        var affixes = [values[0]]
        if case .tuple(let list)? = values[0] { affixes = list.items }
        return try affixes.contains { affix in
            let affix = try requiredText(affix, name)
            return atStart ? PythonText.hasPrefix(part, affix) : PythonText.hasSuffix(part, affix)
        }
    }

    /// The part of a text that Python's `start` and `end` arguments mean; nil when `start` lies beyond its end.
    private func scalarRange(of text: String, _ start: TemplateValue?, _ end: TemplateValue?, _ name: String) throws
        -> Range<String.Index>?
    {
        let scalars = text.unicodeScalars
        guard start != nil || end != nil else { return scalars.startIndex..<scalars.endIndex }
        let count = scalars.count
        func place(_ value: TemplateValue?, _ standard: Int) throws -> Int {
            if value?.isNone == true { return standard }
            guard let index = try optionalInteger(value, name) else { return standard }
            return index < 0 ? max(0, index + count) : index
        }
        let (first, last) = (try place(start, 0), min(count, try place(end, count)))
        guard first <= last else { return nil }
        return scalars.index(scalars.startIndex, offsetBy: first)..<scalars.index(scalars.startIndex, offsetBy: last)
    }

    private func search(_ text: String, _ arguments: TemplateArguments, _ method: TemplateMethod) throws
        -> TemplateValue
    {
        let name = method.rawValue
        let isFromEnd = method == .rfind || method == .rindex
        let values = try arguments.bound(to: ["sub", "start", "end"], in: self)
        let part = try requiredText(values[0], name)
        let range = try scalarRange(of: text, values[1], values[2], name)
        let searched = range.map { String(text.unicodeScalars[$0]) } ?? ""
        let before = range.map { text.unicodeScalars[..<$0.lowerBound].count } ?? 0
        if method == .count {
            guard range != nil else { return .integer(0) }
            return .integer(
                part.isEmpty ? searched.unicodeScalars.count + 1 : PythonText.occurrences(of: part, in: searched).count)
        }
        var offset: Int?
        if range != nil {
            if part.isEmpty {
                offset = isFromEnd ? searched.utf8.count : 0
            } else if isFromEnd {
                let fromEnd = PythonText.occurrences(
                    of: PythonText.reverse(part), in: PythonText.reverse(searched), limit: 1)
                offset = fromEnd.first.map { searched.utf8.count - $0 - part.utf8.count }
            } else {
                offset = PythonText.occurrences(of: part, in: searched, limit: 1).first
            }
        }
        guard let offset else {
            if method == .index || method == .rindex { throw failure(.value, "the text is not found") }
            return .integer(-1)
        }
        return .integer(before + PythonText.slice(searched, bytes: 0..<offset).unicodeScalars.count)
    }

    private func padded(
        _ text: String, _ arguments: TemplateArguments, _ method: TemplateMethod, escapesFill: Bool
    ) throws -> String {
        let name = method.rawValue
        let values = try arguments.bound(to: ["width", "fillchar"], in: self)
        guard let width = try optionalInteger(values[0], name) else { throw failure(.value, "'\(name)' needs a width") }
        var fill = try values[1].map { try requiredText($0, name) } ?? " "
        if escapesFill, let value = values[1] { fill = try escapedText(of: value) }
        guard fill.unicodeScalars.count == 1 else { throw failure(.value, "'\(name)' fills with one character") }
        if method == .center { return try centered(text, width, fill) }
        let missing = max(0, width) - text.unicodeScalars.count
        guard missing > 0 else { return text }
        let padding = try repeated(fill, missing)
        return method == .ljust ? text + padding : padding + text
    }

    private func zeroFilled(_ text: String, _ width: Int) throws -> String {
        let missing = max(0, width) - text.unicodeScalars.count
        guard missing > 0 else { return text }
        let padding = try repeated("0", missing)
        if let sign = text.unicodeScalars.first, sign == "-" || sign == "+" {
            return String(sign) + padding + PythonText.slice(text, bytes: 1..<text.utf8.count)
        }
        return padding + text
    }

    private func tabsExpanded(_ text: String, _ size: Int) throws -> String {
        var result = ""
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                guard size > 0 else { continue }
                let count = size - column % size
                result += try repeated(" ", count)
                column += count
            } else {
                result.unicodeScalars.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return result
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
}
