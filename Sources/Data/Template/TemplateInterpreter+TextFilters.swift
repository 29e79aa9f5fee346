import Foundation

/// The filters that lay out text.
extension TemplateInterpreter {
    /// Jinja's `title` goes by where words begin (after blanks, dashes and opening brackets), unlike Python's.
    func titled(_ text: String) -> String {
        var result = ""
        var word = String.UnicodeScalarView()
        func finishWord() {
            guard let first = word.first else { return }
            result +=
                first.properties.uppercaseMapping + PythonText.lower(String(String.UnicodeScalarView(word.dropFirst())))
            word = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if PythonText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                finishWord()
                result.unicodeScalars.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        finishWord()
        return result
    }

    func indented(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let text = try requiredText(value, "indent")
        var isMarkup = false
        if case .markup = value { isMarkup = true }
        let values = try arguments.bound(to: ["width", "first", "blank"], in: self)
        let indentation: String
        if let text = values[0]?.string {
            indentation = text
        } else {
            indentation = try repeated(" ", try optionalInteger(values[0], "indent") ?? 4)
        }
        let indentsBlank = values[2]?.isTrue ?? false
        // Jinja counts one line more than the text ends with, so that a newline at the end stays.
        let lines = PythonText.lines(text + "\n")
        try reserve(bytes: indentation.utf8.count, times: lines.count)
        var result = values[1]?.isTrue == true ? indentation : ""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += indentsBlank || !line.isEmpty ? "\n" + indentation : "\n" }
            result += line
        }
        return try made(result, isMarkup: isMarkup)
    }

    func truncated(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["length", "killwords", "end", "leeway"], in: self)
        let length = try optionalInteger(values[0], "truncate") ?? 255
        let end = try optionalText(values[2], "truncate") ?? "..."
        let leeway = try optionalInteger(values[3].flatMap { $0.isNone ? nil : $0 }, "truncate") ?? 5
        guard length >= end.unicodeScalars.count, leeway >= 0 else {
            throw failure(.value, "'truncate' needs a length of at least its end's, and no negative leeway")
        }
        // What has no length to look at is short enough.
        if value.isUndefined { return value }
        let text = try requiredText(value, "truncate")
        let scalars = text.unicodeScalars
        if scalars.count <= length.addingReportingOverflow(leeway).partialValue || scalars.count <= length {
            return value
        }
        let kept = String(scalars.prefix(length - end.unicodeScalars.count))
        let whole = values[1]?.isTrue == true ? kept : PythonText.split(kept, by: " ", limit: 1, fromEnd: true)[0]
        if case .markup = value {
            return try made(try whole + escapedText(of: values[2] ?? .string(end)), isMarkup: true)
        }
        if case .markup? = values[2] { return try made(try escaped(whole) + end, isMarkup: true) }
        return try made(whole + end)
    }

    /// The text in the middle of so many characters. Where the rest is odd, Python puts the extra blank on the left of
    /// an odd width.
    func centered(_ text: String, _ width: Int, _ fill: String) throws -> String {
        let missing = max(0, width) - text.unicodeScalars.count
        guard missing > 0 else { return text }
        let left = missing / 2 + (missing & width & 1)
        return try repeated(fill, left) + text + repeated(fill, missing - left)
    }

    /// A number of bytes as people read it.
    func fileSize(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let isBinary = try arguments.single("binary", in: self)?.isTrue ?? false
        guard let bytes = value.string.map(PythonNumber.double) ?? double(value) else {
            throw failure(.value, "'filesizeformat' needs a number, not \(value.typeName)")
        }
        let base: Double = isBinary ? 1024 : 1000
        if bytes == 1 { return .string("1 Byte") }
        if bytes < base, let whole = PythonNumber.wholeDigits(bytes.rounded(.towardZero)) {
            return .string("\(whole) Bytes")
        }
        var unit = base
        for (place, prefix) in ["k", "M", "G", "T", "P", "E", "Z", "Y"].enumerated() {
            unit *= base
            guard bytes < unit || place == 7 else { continue }
            let name = isBinary ? prefix.uppercased() + "iB" : prefix + "B"
            return .string(String(format: "%.1f", base * bytes / unit) + " " + name)
        }
        throw failure(.value, "'filesizeformat' cannot write \(bytes)")
    }

    /// A text as part of a URL, or a dictionary's items or a list's pairs as its query.
    func urlEncoded(_ value: TemplateValue) throws -> String {
        var pairs: [TemplateValue]
        switch value {
        case .dictionary(let dictionary): pairs = try items(of: dictionary).items
        case .list, .tuple, .generator, .undefined: pairs = try iterate(value)
        default: return try quoted(try text(of: value), keeping: "/")
        }
        return try pairs.map { pair in
            let items = try iterate(pair)
            guard items.count == 2 else { throw failure(.value, "'urlencode' needs pairs of a key and a value") }
            return try items.map { try quoted(try text(of: $0), keeping: "").replacing("%20", with: "+") }
                .joined(separator: "=")
        }.joined(separator: "&")
    }

    private func quoted(_ text: String, keeping safe: String) throws -> String {
        try reserve(bytes: 3, times: text.utf8.count)
        return text.utf8.reduce(into: "") { result, byte in
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~": result.unicodeScalars.append(scalar)
            default:
                if safe.unicodeScalars.contains(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += "%" + Self.hexadecimal(UInt32(byte), digits: 2).uppercased()
                }
            }
        }
    }

    /// A dictionary as the attributes of an XML element.
    func attributes(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let leadsWithBlank = try arguments.single("autospace", in: self)?.isTrue ?? true
        guard case .dictionary(let dictionary) = value else {
            throw failure(.value, "'xmlattr' needs a dictionary, not \(value.typeName)")
        }
        var parts: [String] = []
        for item in dictionary.items where !item.value.isNone && !item.value.isUndefined {
            let key = try requiredText(item.key.value, "xmlattr")
            guard !key.unicodeScalars.contains(where: { $0.isASCII && PythonText.isSpace($0) || "/>=".unicodeScalars.contains($0) })
            else { throw failure(.value, "'xmlattr': '\(key)' cannot be the name of an attribute") }
            parts.append(try "\(escapedText(of: item.key.value))=\"\(escapedText(of: item.value))\"")
        }
        let joined = try joined(parts, " ")
        return .string(leadsWithBlank && !joined.isEmpty ? " " + joined : joined)
    }
}
