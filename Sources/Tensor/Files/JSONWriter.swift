import Foundation

extension JSON {
    /// The value as text: compact, in the order of the keys, escaping only what JSON demands.
    /// Numbers that JSON cannot hold (NaN, infinities) become `null`.
    public var serialized: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// The same over several lines, two spaces a level, as people read it.
    public var indented: String {
        var text = ""
        write(to: &text, indentation: "\n")
        return text
    }

    private func write(to text: inout String, indentation: String) {
        let inner = indentation + "  "
        switch self {
        case .array(let values) where !values.isEmpty:
            text += "["
            for (index, value) in values.enumerated() {
                text += index > 0 ? "," + inner : inner
                value.write(to: &text, indentation: inner)
            }
            text += indentation + "]"
        case .object(let object) where !object.keys.isEmpty:
            text += "{"
            for (index, (key, value)) in object.enumerated() {
                text += index > 0 ? "," + inner : inner
                Self.quote(key, into: &text)
                text += ": "
                value.write(to: &text, indentation: inner)
            }
            text += indentation + "}"
        default: write(to: &text)
        }
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .largeInteger(let digits): text += digits
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.quote(value, into: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let object):
            text += "{"
            for (index, (key, value)) in object.enumerated() {
                if index > 0 { text += "," }
                Self.quote(key, into: &text)
                text += ":"
                value.write(to: &text)
            }
            text += "}"
        }
    }

    /// Adds a string with its quotation marks.
    ///
    /// - Parameter escapesNonASCII: whether what is beyond printable ASCII becomes `\u` escapes
    package static func quote(_ string: String, escapesNonASCII: Bool = false, into text: inout String) {
        let (mark, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        var quoted = [mark]
        quoted.reserveCapacity(string.utf8.count + 2)
        for scalar in string.unicodeScalars {
            if let letter = letter(escaping: scalar) {
                quoted.append(backslash)
                quoted.append(letter)
            } else if ("\u{20}"..."\u{7E}").contains(scalar) {
                quoted.append(UInt8(scalar.value))
            } else if scalar < "\u{20}" || escapesNonASCII {
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter { quoted += escape(unit).utf8 }
            } else {
                quoted += scalar.utf8
            }
        }
        quoted.append(mark)
        text += String(decoding: quoted, as: UTF8.self)
    }

    /// What stands after the backslash, for what has a short escape.
    private static func letter(escaping scalar: Unicode.Scalar) -> UInt8? {
        switch scalar {
        case "\"", "\\": UInt8(scalar.value)
        case "\n": UInt8(ascii: "n")
        case "\r": UInt8(ascii: "r")
        case "\t": UInt8(ascii: "t")
        case "\u{08}": UInt8(ascii: "b")
        case "\u{0C}": UInt8(ascii: "f")
        default: nil
        }
    }

    private static func escape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
