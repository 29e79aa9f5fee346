/// `precompiled_charsmap` of SentencePiece: which texts become which others.
///
/// It is the number of bytes of a trie in 32 bits, the trie, and the new texts, each ended by a zero byte. The trie is a
/// double array of the Darts-clone library: each unit has the byte by which it is reached, and how far its children are.
struct CharacterMap: Sendable {
    private let units: [UInt32]
    private let texts: [UInt8]
    /// What is thrown where the trie points out of itself.
    private let damaged: TokenizerError

    init(_ field: JSONField) throws(TokenizerError) {
        damaged = field.malformed("is not a character map of SentencePiece")
        guard let bytes = Base64.decode(try field.string()), bytes.count >= 4 else { throw damaged }
        func word(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) }
        }
        let count = Int(word(0) / 4)
        guard count > 0, count <= bytes.count / 4 - 1 else { throw damaged }
        units = (1...count).map(word)
        texts = Array(bytes[(4 + 4 * count)...])
        guard String(validating: texts, as: UTF8.self) != nil else { throw damaged }
    }

    /// The place of the text that the shortest beginning of a key becomes; `nil` where the map has none of them.
    ///
    /// The longest would seem right, but the library takes the first that it finds.
    func text(for key: UTF8Bytes) throws(TokenizerError) -> Range<Int>? {
        var node = Self.offset(units[0])
        for byte in key {
            guard byte != 0 else { return nil }
            node ^= Int(byte)
            guard node < units.count else { throw damaged }
            let unit = units[node]
            guard unit & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            node ^= Self.offset(unit)
            guard unit & 1 << 8 != 0 else { continue }
            guard node < units.count else { throw damaged }
            let start = Int(units[node] & (1 << 31 - 1))
            guard start <= texts.count, start == texts.count || texts[start] & 0xC0 != 0x80 else { throw damaged }
            return start..<(texts[start...].firstIndex(of: 0) ?? texts.count)
        }
        return nil
    }

    func withText<Failure: Error>(_ range: Range<Int>, _ body: (UTF8Bytes) throws(Failure) -> Void) throws(Failure) {
        try texts.withUnsafeBufferPointer { texts throws(Failure) in try body(texts.slice(range)) }
    }

    /// From a unit to its children.
    private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
}
