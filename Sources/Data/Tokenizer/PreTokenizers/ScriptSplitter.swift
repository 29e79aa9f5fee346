/// Cuts where the script changes, as SentencePiece does. Han, Hiragana and Katakana count as one script, and a space as any.
struct ScriptSplitter: TextSplitter {
    func forEachPiece(of text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        // As in the library, what comes before the first scalar with a script of its own is left out.
        var start: Int?
        var last: UInt8?
        var index = 0
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            let script = UnicodeScriptTable[scalar]
            if script != UnicodeScriptTable.any, script != last {
                if let start { try body(start..<index) }
                start = index
                last = script
            }
            index += length
        }
        if let start { try body(start..<text.count) }
    }
}

extension UnicodeScriptTable {
    /// The script of scalars that may stand in any text.
    static let any: UInt8 = 0

    private static let table = ScalarRuns(runs, bits: 8)

    /// The script of a scalar, as a number.
    static subscript(scalar: UInt32) -> UInt8 { UInt8(table[scalar]) }
}
