/// A letter that stands for a letter of a message, and tells the message. Marks are ideographs of CJK extension A
/// (U+3400 to U+4DBF, three bytes of UTF-8): letters to Python, which print as they are, have no case, and occur in no
/// template.
struct WordMark: Equatable, Sendable {
    /// What kind of words a mark stands for.
    enum Kind: Int { case content, call }

    /// Of U+3400, from 0 on.
    let code: Int

    /// How many messages have marks of their own.
    static let period = 3296
    private static let first = 0x3400
    private static let count = 2 * period

    init(_ kind: Kind, message: Int) {
        code = kind.rawValue * Self.period + message % Self.period
    }

    private init(code: Int) { self.code = code }

    var kind: Kind { Kind(rawValue: code / Self.period) ?? .content }
    /// Which message it is of, among as many as have marks of their own.
    var remainder: Int { code % Self.period }

    /// The mark as UTF-8.
    var bytes: [UInt8] {
        let scalar = Self.first + code
        return [UInt8(0xE0 | scalar >> 12), UInt8(0x80 | scalar >> 6 & 0x3F), UInt8(0x80 | scalar & 0x3F)]
    }

    /// How many bytes a mark takes.
    static let length = 3

    /// The mark that stands at an index of UTF-8.
    static func at(_ index: Int, in bytes: [UInt8]) -> WordMark? {
        guard bytes[index] == 0xE3 || bytes[index] == 0xE4, index + 2 < bytes.count else { return nil }
        let scalar = Int(bytes[index] & 0x0F) << 12 | Int(bytes[index + 1] & 0x3F) << 6 | Int(bytes[index + 2] & 0x3F)
        return scalar >= first && scalar < first + count ? WordMark(code: scalar - first) : nil
    }

    /// The mark that stands at an index as `\u3400`, as JSON that is limited to ASCII has it.
    static func escaped(at index: Int, in bytes: [UInt8]) -> WordMark? {
        guard bytes[index] == UInt8(ascii: "\\"), index + 5 < bytes.count, bytes[index + 1] == UInt8(ascii: "u") else { return nil }
        guard let scalar = Int(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16) else { return nil }
        return scalar >= first && scalar < first + count ? WordMark(code: scalar - first) : nil
    }
}
