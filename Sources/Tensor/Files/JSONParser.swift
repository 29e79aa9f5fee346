import Foundation

extension JSON {
    /// Parses UTF-8 text.
    ///
    /// - Throws: ``JSONError``, which says where it is wrong
    public init(parsing bytes: some Collection<UInt8>) throws(JSONError) {
        var parser = JSONParser(bytes: ContiguousArray(bytes))
        self = try parser.document()
    }

    /// Parses a text.
    ///
    /// - Throws: ``JSONError``, which says where it is wrong
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: text.utf8)
    }
}

/// A strict parser of RFC 8259: every read is checked against the end, and nesting is limited, so
/// no input traps or exhausts the stack.
private struct JSONParser {
    private static let maximumDepth = 128

    let bytes: ContiguousArray<UInt8>
    private var position = 0
    private var depth = 0

    init(bytes: ContiguousArray<UInt8>) { self.bytes = bytes }

    mutating func document() throws(JSONError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw error("unexpected text after the value") }
        return value
    }

    private func error(_ reason: String) -> JSONError {
        let before = bytes[..<min(position, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return JSONError(
            offset: position, line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            // Bytes 10xxxxxx only continue a character.
            column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1, reason: reason)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value() throws(JSONError) -> JSON {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"):
            try enter()
            let object = try object()
            depth -= 1
            return object
        case UInt8(ascii: "["):
            try enter()
            let array = try array()
            depth -= 1
            return array
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"): return try number()
        case let digit? where digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9"): return try number()
        case nil: throw error("the text ends where a value should stand")
        default: throw error("unexpected character")
        }
    }

    /// Passes over an opening bracket.
    private mutating func enter() throws(JSONError) {
        guard depth < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
        depth += 1
        position += 1
    }

    private mutating func word(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for i in 0..<text.utf8CodeUnitCount {
            guard current == text.utf8Start[i] else { throw error("unknown word") }
            position += 1
        }
        return value
    }

    private mutating func object() throws(JSONError) -> JSON {
        var object = JSONObject()
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object(object)
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("expected a key in double quotes") }
            let key = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("expected ':' after a key") }
            position += 1
            object[key] = try value()
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return .object(object)
            case nil: throw error("the text ends inside an object")
            default: throw error("expected ',' or '}'")
            }
        }
    }

    private mutating func array() throws(JSONError) -> JSON {
        var array: [JSON] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array(array)
        }
        while true {
            array.append(try value())
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return .array(array)
            case nil: throw error("the text ends inside an array")
            default: throw error("expected ',' or ']'")
            }
        }
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger {
            if let value = Int(text) { return .integer(value) }
            guard text.utf8.count(where: { $0 != UInt8(ascii: "-") }) <= JSON.integerDigitLimit else {
                throw error("an integer of more than \(JSON.integerDigitLimit) digits")
            }
            return .largeInteger(text)
        }
        guard let value = Double(text), value.isFinite else { throw error("a number beyond the range of 64 bits") }
        return .number(value)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = current, byte >= 0x30, byte <= 0x39 { position += 1 }
        guard position > start else { throw error("expected a digit") }
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let begin = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        // Most strings have no escapes and are taken as they stand.
        if current == UInt8(ascii: "\"") {
            position += 1
            guard let string = String(validating: bytes[begin..<position - 1], as: UTF8.self) else {
                throw error("a string is not valid UTF-8")
            }
            return string
        }
        var text = Array(bytes[begin..<position])
        while true {
            let start = position
            while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
            text.append(contentsOf: bytes[start..<position])
            switch current {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw error("a string is not valid UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                position += 1
                try escape(&text)
            case nil: throw error("the text ends inside a string")
            default: throw error("a control character inside a string must be escaped")
            }
        }
    }

    private mutating func escape(_ text: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw error("the text ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if code >> 10 == 0x36 {
                guard current == UInt8(ascii: "\\"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u") else {
                    throw error("half of a surrogate pair")
                }
                position += 2
                let low = try hexadecimal()
                guard low >> 10 == 0x37 else { throw error("half of a surrogate pair") }
                code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair") }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw error("unknown escape")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("expected four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
