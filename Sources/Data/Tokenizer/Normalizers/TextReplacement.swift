/// Replaces each occurrence of a text, compared byte for byte.
struct TextReplacement: NormalizerStage, Equatable {
    static let metaspaces = TextReplacement(Array(" ".utf8), with: Array("▁".utf8))

    private let pattern: [UInt8]
    private let replacement: [UInt8]

    /// - Parameter pattern: If it is empty, nothing is replaced.
    init(_ pattern: [UInt8], with replacement: [UInt8]) {
        self.pattern = pattern
        self.replacement = replacement
    }

    var growth: Double { max(1, Double(replacement.count) / Double(max(pattern.count, 1))) }

    /// Both pattern and text are UTF-8, so a match never starts within a scalar. All of a replacement comes from the last
    /// character that it replaces.
    func rewrite(_ text: UTF8Bytes, into result: inout RewrittenText) -> Bool {
        guard let first = pattern.first else { return false }
        return pattern.withUnsafeBufferPointer { pattern in
            /// The end of what was written.
            var done = 0
            var index = 0
            while index <= text.count - pattern.count {
                guard text[index] == first, text.contains(pattern, at: index) else {
                    index += 1
                    continue
                }
                if done == 0 { result.reserveCapacity(text.count) }
                result.keep(done..<index, of: text)
                index += pattern.count
                result.append(replacement, from: index - 1)
                done = index
            }
            guard done > 0 else { return false }
            result.keep(done..<text.count, of: text)
            return true
        }
    }
}
