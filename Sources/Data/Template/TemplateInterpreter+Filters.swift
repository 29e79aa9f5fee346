/// Jinja's filters: what may stand after `|`. Filters that go through lists are in
/// `TemplateInterpreter+ListFilters.swift`.
extension TemplateInterpreter {
    func apply(filter name: TemplateFilterName, to value: TemplateValue, _ arguments: TemplateArguments) throws
        -> TemplateValue
    {
        guard case .known(let known) = name else { throw unknown(name) }
        try step()
        // `map` applies a filter by its name, which may be `map` again.
        try enter()
        defer { leave() }
        switch known {
        case .standard, .d: return try standard(value, arguments)
        case .length, .count: return .integer(try length(of: value))
        case .tojson: return try toJSON(value, arguments)
        case .string, .safe, .escape, .e, .forceescape, .upper, .lower, .capitalize, .title, .wordcount, .urlencode:
            try arguments.expectNone(in: self)
            return try plainFilter(known, value)
        case .trim:
            let characters = try optionalText(try arguments.single("chars", in: self), "trim")
            return try changed(value) { PythonText.strip($0, characters) }
        case .replace:
            let values = try arguments.bound(to: ["old", "new", "count"], in: self)
            guard let old = values[0], let new = values[1] else {
                throw failure(.value, "'replace' needs what to replace and by what")
            }
            let limit = values[2].flatMap { $0.isNone ? nil : $0 }
            // Without escaping of all output, which chat templates have none of, what was marked is plain again.
            return .string(
                try replaced(
                    try text(of: value), try text(of: old), try text(of: new),
                    limit: try optionalInteger(limit, "replace")))
        case .center:
            let width = try optionalInteger(try arguments.single("width", in: self), "center") ?? 80
            return try changed(value) { try centered($0, width, " ") }
        case .format: return try percentFormat(value, arguments)
        case .indent: return try indented(value, arguments)
        case .truncate: return try truncated(value, arguments)
        case .filesizeformat: return try fileSize(value, arguments)
        case .xmlattr: return try attributes(value, arguments)
        case .int: return try toInteger(value, arguments)
        case .float: return try toNumber(value, arguments)
        case .abs: return try magnitude(value)
        case .round: return try rounded(value, arguments)
        case .attr:
            let name = try requiredText(try arguments.single("name", in: self), "attr")
            if case .undefined(let undefined) = value { throw failure(.undefined, undefined.reason) }
            return ownAttribute(TemplateAttribute(name), of: value) ?? .undefined(name, .attribute(of: value.kind))
        default: return try applyList(filter: known, to: value, arguments)
        }
    }

    private func unknown(_ name: TemplateFilterName) -> TemplateError {
        guard case .other(let name) = name else { return failure(.syntax, "unknown filter") }
        return failure(
            .syntax,
            TemplateFilterName.refused.contains(name)
                ? "the filter '\(name)' is not supported in chat templates" : "there is no filter '\(name)'")
    }

    /// Filters without arguments.
    private func plainFilter(_ name: TemplateFilterName.Known, _ value: TemplateValue) throws -> TemplateValue {
        switch name {
        case .string: try changed(value) { $0 }
        case .safe: try made(try text(of: value), isMarkup: true)
        case .forceescape: try made(try escaped(try text(of: value)), isMarkup: true)
        case .upper: try changed(value, PythonText.upper)
        case .lower: try changed(value, PythonText.lower)
        case .capitalize: try changed(value, PythonText.capitalize)
        case .title: try made(titled(try text(of: value)))
        case .wordcount: .integer(PythonText.wordCount(try text(of: value)))
        case .urlencode: try made(try urlEncoded(value))
        default: try made(try escapedText(of: value), isMarkup: true)
        }
    }

    /// The value's text after a change, marked as it was before.
    private func changed(_ value: TemplateValue, _ change: (String) throws -> String) throws -> TemplateValue {
        if case .markup(let text) = value { return try made(try change(text), isMarkup: true) }
        return try made(try change(try text(of: value)))
    }

    private func standard(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["default_value", "boolean"], in: self)
        let replaces = value.isUndefined || (values[1]?.isTrue == true && !value.isTrue)
        return replaces ? values[0] ?? .string("") : value
    }

    private func length(of value: TemplateValue) throws -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text), .markup(let text): return text.unicodeScalars.count
        case .list(let list), .tuple(let list): return list.items.count
        case .dictionary(let dictionary): return dictionary.count
        case .loop(let loop): return loop.items.count
        default: throw failure(.value, "\(value.typeName) has no length")
        }
    }

    private func percentFormat(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let right: TemplateValue
        if arguments.named.isEmpty {
            right = .tuple(try made(arguments.positional))
        } else {
            guard arguments.positional.isEmpty else {
                throw failure(.value, "'format' takes values by place or by name, not both")
            }
            var names = TemplateDictionary()
            for (name, value) in arguments.named { names[name] = value }
            right = .dictionary(names)
        }
        if case .markup(let format) = value { return .markup(try percentFormatted(format, right, isMarkup: true)) }
        return .string(try percentFormatted(try text(of: value), right, isMarkup: false))
    }

    // MARK: JSON

    private func toJSON(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["ensure_ascii", "indent", "separators", "sort_keys"], in: self)
        var layout = JSONLayout()
        layout.escapesNonASCII = values[0]?.isTrue ?? false
        layout.sortsKeys = values[3]?.isTrue ?? false
        switch values[1] {
        case nil, TemplateValue.none?: break
        case .string(let text)?, .markup(let text)?: layout.indentation = text
        case let width?: layout.indentation = try repeated(" ", try optionalInteger(width, "tojson") ?? 0)
        }
        if layout.indentation != nil { layout.itemSeparator = "," }
        if let separators = values[2], separators.isTrue {
            let pair = try iterate(separators)
            guard pair.count == 2 else { throw failure(.value, "'tojson' takes two separators") }
            layout.itemSeparator = try requiredText(pair[0], "tojson")
            layout.keySeparator = try requiredText(pair[1], "tojson")
        }
        return .string(try json(value, layout))
    }
}
