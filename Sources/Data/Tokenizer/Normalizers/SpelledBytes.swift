/// `ByteLevel`: writes each byte as its character of the ``ByteLevelAlphabet``.
struct SpelledBytes: ScalarStage {
    private let alphabet = ByteLevelAlphabet.scalars

    @inline(__always)
    func keeps(_ scalar: UInt32) -> Bool { scalar > 0x20 && scalar < 0x7F }

    @inline(__always)
    func rewrite(_ scalar: UInt32, _ range: Range<Int>, of text: UTF8Bytes, into result: inout RewrittenText) {
        for index in range { result.append(alphabet[Int(text[index])].value, from: range.lowerBound) }
    }
}
