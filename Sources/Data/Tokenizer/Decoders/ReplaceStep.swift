/// `Replace`: writes each match of a pattern, a literal or a regular expression, as another text.
enum ReplaceStep {
    static func step(_ field: JSONField) throws(TokenizerError) -> any TextStep {
        let content = Array(try field["content"].string().utf8)
        guard let literal = field["pattern"]["String"].value?.string else {
            return MatchReplacement(pattern: try TextPattern(field["pattern"]), content: content)
        }
        if literal.isEmpty { return Insertion(content, fillsEmpty: false) }
        return LiteralReplacement(Array(literal.utf8), with: content)
    }

    /// At most how many times longer it makes a text.
    static func growth(_ field: JSONField) -> Double {
        let content = Double(field["content"].value?.string?.utf8.count ?? 0)
        let literal = Double(field["pattern"]["String"].value?.string?.utf8.count ?? 0)
        // Where a pattern can match nothing, its content stands beside each character.
        return literal > 0 ? max(1, content / literal) : content + 1
    }
}

/// Replaces the matches of a regular expression, for which the whole text has to be there.
private struct MatchReplacement: TextStep {
    let pattern: TextPattern
    let content: [UInt8]
    private var text: [UInt8] = []

    init(pattern: TextPattern, content: [UInt8]) {
        self.pattern = pattern
        self.content = content
    }

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) { text += part }

    mutating func finish(to output: inout [UInt8]) {
        defer { text.removeAll(keepingCapacity: true) }
        guard !text.isEmpty else { return }
        let start = output.count
        var end = 0
        do throws(TokenizerError) {
            try text.withUnsafeBufferPointer { bytes throws(TokenizerError) in
                try pattern.forEachMatch(in: bytes) { match in
                    output += bytes[end..<match.lowerBound]
                    output += content
                    end = match.upperBound
                }
                output += bytes[end...]
            }
        } catch {
            // An expression that takes too long leaves the text as it is.
            output.removeSubrange(start...)
            output += text
        }
    }
}
