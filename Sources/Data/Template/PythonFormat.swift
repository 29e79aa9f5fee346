import Foundation

/// A format specification: what stands after the colon in `{:>8.2f}`, and in other words after the `%` of `%8.2f`.
///
/// Python's documentation calls it the format specification mini-language,
/// https://docs.python.org/3/library/string.html#formatspec.
struct PythonFormat {
    var fill: Unicode.Scalar = " "
    /// `<`, `>`, `^` or `=`.
    var alignment: Unicode.Scalar?
    /// `+`, `-` or a blank.
    var sign: Unicode.Scalar?
    var isAlternate = false
    var width = 0
    /// `,` or `_` between groups of digits.
    var grouping: Unicode.Scalar?
    var precision: Int?
    /// The conversion: `d`, `f`, `s` and so on.
    var type: Unicode.Scalar?

    /// No text is wider than this; a format that asks for more is no format for people.
    static let widthLimit = 100_000
    static let precisionLimit = 1000

    init() {}

    /// Reads a specification; nil when it cannot be read.
    init?(_ text: String) {
        var rest = Array(text.unicodeScalars)[...]
        func isAlignment(_ scalar: Unicode.Scalar?) -> Bool {
            scalar.map { ["<", ">", "^", "="].contains($0) } ?? false
        }
        if rest.count > 1, isAlignment(rest[rest.startIndex + 1]) {
            fill = rest.removeFirst()
            alignment = rest.removeFirst()
        } else if isAlignment(rest.first) {
            alignment = rest.removeFirst()
        }
        if let first = rest.first, ["+", "-", " "].contains(first) { sign = rest.removeFirst() }
        if rest.first == "#" {
            isAlternate = true
            rest.removeFirst()
        }
        var fillsZeros = false
        if rest.first == "0" {
            fillsZeros = true
            rest.removeFirst()
        }
        guard let width = Self.number(&rest) else { return nil }
        self.width = width ?? 0
        if let first = rest.first, first == "," || first == "_" { grouping = rest.removeFirst() }
        if rest.first == "." {
            rest.removeFirst()
            guard let precision = Self.number(&rest), let precision else { return nil }
            self.precision = precision
        }
        type = rest.popFirst()
        guard rest.isEmpty, self.width <= Self.widthLimit, precision ?? 0 <= Self.precisionLimit else { return nil }
        if fillsZeros, alignment == nil {
            fill = "0"
            alignment = "="
        }
    }

    /// Digits as a number: nil inside where there are none, nil outside where there are too many.
    private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) -> Int?? {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty else { return .some(nil) }
        rest = rest.dropFirst(digits.count)
        return Int(PythonText.string(digits)).map { .some($0) }
    }

    // MARK: Kinds of values

    /// A string in its field; nil when the specification is one for numbers.
    func format(_ text: String) -> String? {
        guard type == nil || type == "s", sign == nil, grouping == nil, !isAlternate else { return nil }
        // The zero before a width fills a string, too, but at its end.
        guard alignment != "=" || fill == "0" else { return nil }
        let kept = precision.map { String(text.unicodeScalars.prefix($0)) } ?? text
        return padded(sign: "", kept, standard: "<", alignment == "=" ? "<" : alignment)
    }

    /// An integer of any size in its field; nil when the specification does not fit.
    func format(integer value: TemplateValue) -> String? {
        let digits: String
        switch value {
        case .bool(let value): digits = value ? "1" : "0"
        case .integer(let value): digits = String(value)
        case .largeInteger(let value): digits = value
        default: return nil
        }
        let isNegative = digits.hasPrefix("-")
        let magnitude = isNegative ? String(digits.dropFirst()) : digits
        switch type {
        case nil, "d", "n":
            guard precision == nil else { return nil }
            return number(isNegative, grouped(magnitude, by: 3))
        case "x", "X", "o", "b":
            guard precision == nil, grouping != ",", let value = UInt(magnitude) else { return nil }
            let radix = type == "o" ? 8 : type == "b" ? 2 : 16
            let text = String(value, radix: radix, uppercase: type == "X")
            let prefix = isAlternate ? "0\(type ?? "x")" : ""
            return number(isNegative, grouped(text, by: 4), prefix: prefix)
        case "c":
            guard let code = UInt32(digits), let scalar = Unicode.Scalar(code) else { return nil }
            return padded(sign: "", String(scalar), standard: ">", alignment)
        default: return Double(digits).flatMap { format($0) }
        }
    }

    /// A floating-point number in its field; nil when the specification does not fit.
    func format(_ value: Double) -> String? {
        let isNegative = value.sign == .minus && !value.isNaN
        let magnitude = value.magnitude
        var text: String
        switch type {
        case nil where precision == nil: text = PythonNumber.text(magnitude)
        case nil: text = general(magnitude, exponentFrom: max(1, precision ?? 6) - 1, keepsPoint: true)
        case "e", "E", "f", "F":
            guard magnitude.isFinite else {
                text = PythonNumber.text(magnitude)
                break
            }
            let isFixed = type == "f" || type == "F"
            text = String(format: isFixed ? "%.*f" : "%.*e", precision ?? 6, magnitude)
        case "g", "G", "n": text = general(magnitude, exponentFrom: max(1, precision ?? 6), keepsPoint: false)
        case "%":
            guard magnitude.isFinite else {
                text = PythonNumber.text(magnitude) + "%"
                break
            }
            text = String(format: "%.*f", precision ?? 6, magnitude * 100) + "%"
        default: return nil
        }
        if type == "E" || type == "F" || type == "G" { text = text.uppercased() }
        if grouping != nil {
            let whole = text.prefix { ("0"..."9").contains($0) }
            text = grouped(String(whole), by: 3) + text.dropFirst(whole.count)
        }
        return number(isNegative, text)
    }

    /// `%g`: fixed or with an exponent, whichever suits the size, without zeros at the end.
    private func general(_ value: Double, exponentFrom limit: Int, keepsPoint: Bool) -> String {
        guard value.isFinite else { return PythonNumber.text(value) }
        let digits = max(1, precision ?? 6)
        let scientific = String(format: "%.*e", digits - 1, value)
        let mark = scientific.lastIndex(of: "e") ?? scientific.endIndex
        let exponent = Int(scientific[mark...].dropFirst()) ?? 0
        func trimmed(_ text: String) -> String {
            guard !isAlternate, text.contains(".") else { return text }
            let kept = text.reversed().drop { $0 == "0" }
            return String((kept.first == "." ? kept.dropFirst() : kept).reversed())
        }
        if exponent < -4 || exponent >= limit {
            return trimmed(String(scientific[..<mark])) + scientific[mark...]
        }
        let fixed = trimmed(String(format: "%.*f", max(0, digits - 1 - exponent), value))
        return keepsPoint && !fixed.contains(".") ? fixed + ".0" : fixed
    }

    // MARK: Layout

    private func grouped(_ digits: String, by size: Int) -> String {
        guard let grouping else { return digits }
        var result = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.utf8.count - place).isMultiple(of: size) { result.unicodeScalars.append(grouping) }
            result.append(digit)
        }
        return result
    }

    private func number(_ isNegative: Bool, _ digits: String, prefix: String = "") -> String {
        let sign = isNegative ? "-" : sign.map { $0 == "-" ? "" : String($0) } ?? ""
        return padded(sign: sign + prefix, digits, standard: ">", alignment)
    }

    private func padded(
        sign: String, _ text: String, standard: Unicode.Scalar, _ alignment: Unicode.Scalar?
    ) -> String {
        let missing = width - sign.unicodeScalars.count - text.unicodeScalars.count
        guard missing > 0 else { return sign + text }
        func filling(_ count: Int) -> String { String(repeating: String(fill), count: count) }
        switch alignment ?? standard {
        case "<": return sign + text + filling(missing)
        case "^": return filling(missing / 2) + sign + text + filling(missing - missing / 2)
        case "=": return sign + filling(missing) + text
        default: return filling(missing) + sign + text
        }
    }
}
