/// Rewrites characters by a map of SentencePiece: those of less than six bytes as a whole, where the map has them, and
/// others a scalar at a time.
struct PrecompiledMap: NormalizerStage {
    private static let longestCharacter = 5

    private let map: CharacterMap
    private let breaks = GraphemeBreaks()
    /// Of the ASCII characters those that stay as they are.
    private let keptASCII: [Bool]

    init(_ map: CharacterMap) throws(TokenizerError) {
        self.map = map
        var kept: [Bool] = []
        for byte in 0..<0x80 as Range<UInt8> {
            let key = [byte]
            kept.append(try key.withUnsafeBufferPointer { key throws(TokenizerError) in try map.text(for: key) == nil })
        }
        keptASCII = kept
    }

    func rewrite(_ text: UTF8Bytes, into result: inout RewrittenText) throws(TokenizerError) -> Bool {
        var writer = Writer(text)
        var index = 0
        while index < text.count {
            // Before another ASCII character one is alone, but for a line's end.
            if text[index] < 0x80, index + 1 == text.count || text[index + 1] < 0x80, keptASCII[Int(text[index])], text[index] != 0x0D {
                index += 1
                continue
            }
            let end = breaks.end(from: index, in: text)
            if end - index <= Self.longestCharacter, let new = try map.text(for: text.slice(index..<end)) {
                writer.replace(index..<end, with: new, of: map, &result)
                index = end
                continue
            }
            while index < end {
                let part = index..<index + text[index].scalarLength
                if let new = try map.text(for: text.slice(part)) { writer.replace(part, with: new, of: map, &result) }
                index = part.upperBound
            }
        }
        writer.finish(&result)
        return writer.isRewritten
    }

    /// Writes new texts in the places of old ones.
    ///
    /// The bytes are followed as the library follows them: where a new text has fewer scalars than the old one, its last
    /// scalar, or where it has none the scalar before it, stands for the rest as well. Only that at the start of the text
    /// there is none; then all scalars after it are taken for those before them.
    private struct Writer {
        private let text: UTF8Bytes
        /// The end of what was written.
        private var done = 0
        private(set) var isRewritten = false
        private var alignment: ScalarAlignment
        /// The last scalar of a text that is followed, which may yet have to stand for more.
        private var pending: (scalar: UInt32, growth: Int)?

        init(_ text: UTF8Bytes) {
            self.text = text
            alignment = ScalarAlignment(text, from: 0)
        }

        mutating func replace(_ part: Range<Int>, with new: Range<Int>, of map: CharacterMap, _ result: inout RewrittenText) {
            if !isRewritten { result.reserveCapacity(text.count) }
            isRewritten = true
            keep(to: part.lowerBound, &result)
            done = part.upperBound
            guard result.isTracked else {
                map.withText(new) { new in result.keep(0..<new.count, of: new) }
                return
            }
            let oldCount = count(text.slice(part))
            var newCount = 0
            map.withText(new) { new in
                var index = 0
                while index < new.count {
                    let (scalar, length) = new.scalar(at: index)
                    append(scalar, growth: newCount < oldCount ? 0 : 1, &result)
                    newCount += 1
                    index += length
                }
            }
            if newCount < oldCount { pending?.growth -= oldCount - newCount }
        }

        mutating func finish(_ result: inout RewrittenText) {
            guard isRewritten else { return }
            keep(to: text.count, &result)
            flush(&result)
        }

        private mutating func keep(to end: Int, _ result: inout RewrittenText) {
            guard result.isTracked else { return result.keep(done..<end, of: text) }
            while done < end {
                let (scalar, length) = text.scalar(at: done)
                append(scalar, growth: 0, &result)
                done += length
            }
        }

        private mutating func append(_ scalar: UInt32, growth: Int, _ result: inout RewrittenText) {
            flush(&result)
            pending = (scalar, growth)
        }

        private mutating func flush(_ result: inout RewrittenText) {
            if let pending { result.append(pending.scalar, from: alignment.source(growth: pending.growth)) }
            pending = nil
        }

        private func count(_ text: UTF8Bytes) -> Int { text.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }
    }
}
