/// Writes spaces as a mark, as SentencePiece does.
struct Metaspace: Sendable, Equatable {
    let mark: [UInt8]
    let prefix: MetaspacePrefix

    init(mark: [UInt8], prefix: MetaspacePrefix) {
        self.mark = mark
        self.prefix = prefix
    }

    /// Reads a `Metaspace`.
    init(_ field: JSONField) throws(TokenizerError) {
        mark = Array(try field.metaspaceMark().utf8)
        prefix = try MetaspacePrefix(field)
    }

    /// A text with the mark for each space, and perhaps before it.
    func marked(_ text: UTF8Bytes, startsText: Bool) -> [UInt8] {
        var marked: [UInt8] = []
        marked.reserveCapacity(text.count + mark.count)
        for byte in text {
            if byte == UInt8(ascii: " ") { marked += mark } else { marked.append(byte) }
        }
        let isPrefixed = prefix == .always || prefix == .first && startsText
        return isPrefixed && !marked.starts(with: mark) ? mark + marked : marked
    }

    /// For each byte of a marked text the byte that it comes from. A mark before the text comes from the first.
    func sources(ofMarked count: Int, _ text: UTF8Bytes) -> [Int32] {
        var sources: [Int32] = []
        sources.reserveCapacity(count)
        for (index, byte) in text.enumerated() {
            for _ in 0..<(byte == UInt8(ascii: " ") ? mark.count : 1) { sources.append(Int32(index)) }
        }
        return Array(repeating: 0, count: count - sources.count) + sources
    }
}

/// Which pieces of a text get the mark of a space before them.
enum MetaspacePrefix: Sendable, Equatable {
    case always, never
    /// Only the one that starts the text.
    case first

    /// Reads `prepend_scheme`, or the `add_prefix_space` of older files.
    init(_ field: JSONField) throws(TokenizerError) {
        let isPrefixed = try field["add_prefix_space"].bool(default: true)
        switch field["prepend_scheme"].value?.string {
        case nil: self = isPrefixed ? .always : .never
        case "always": self = .always
        case "first": self = .first
        case "never": self = .never
        case let scheme?: throw field["prepend_scheme"].malformed("'\(scheme.oneLine)' is neither always, first nor never")
        }
    }
}

extension JSONField {
    /// The `replacement` of a `Metaspace`.
    func metaspaceMark() throws(TokenizerError) -> String { String(try self["replacement"].scalar()) }
}
