/// The first part of encoding: rewrites text, in stages, before it is cut.
struct Normalizer: Sendable {
    private let stages: [any NormalizerStage]
    /// What is thrown for a text that would fill the memory.
    private let tooLong: TokenizerError

    /// How many times longer than its input a text may become; keeps a chain of replacements from filling
    /// the memory.
    private static let growthLimit = 4096

    /// Reads the `normalizer` field; `nil` where it is missing or `null`.
    init?(_ field: JSONField) throws(TokenizerError) {
        guard field.value != nil else { return nil }
        tooLong = field.unsupported("makes text too long")
        stages = try NormalizerReader.stages(field)
        guard stages.reduce(1, { $0 * $1.growth }) <= Double(Self.growthLimit) else { throw tooLong }
    }

    /// Calls `body` with the normalized text.
    ///
    /// - Parameters:
    ///   - isTracked: Whether to follow the bytes.
    ///   - body: Gets the text, and for each of its bytes the byte of the given text that it comes from, as the
    ///     library's `NormalizedString` aligns them; `nil` where the text stays as it is, or is not followed.
    func withNormalized(
        _ text: UTF8Bytes, isTracked: Bool, _ body: (UTF8Bytes, [Int32]?) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        let limit = max(text.count, 1).multipliedReportingOverflow(by: Self.growthLimit)
        var current = RewrittenText(isTracked: isTracked, limit: limit.overflow ? .max : limit.partialValue)
        var next = current
        var isRewritten = false
        for stage in stages {
            let isChanged: Bool
            if isRewritten {
                isChanged = try current.bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
                    try stage.rewrite(bytes, into: &next)
                }
            } else {
                isChanged = try stage.rewrite(text, into: &next)
            }
            guard !next.isTooLong else { throw tooLong }
            if isChanged {
                if isRewritten { next.follow(through: current) }
                swap(&current, &next)
                isRewritten = true
            }
            next.removeAll()
        }
        guard isRewritten else { return try body(text, nil) }
        try current.bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
            try body(bytes, isTracked ? current.sources : nil)
        }
    }

    /// The normalized text.
    func normalize(_ text: String) throws(TokenizerError) -> String {
        var (text, normalized) = (text, "")
        try text.withUTF8Bytes { bytes throws(TokenizerError) in
            try withNormalized(bytes, isTracked: false) { bytes, _ in normalized = String(decoding: bytes, as: UTF8.self) }
        }
        return normalized
    }

    /// Whether it composes characters, by NFC, and does nothing else: that changes none of the text that is usual.
    var isComposition: Bool { stages.count == 1 && (stages[0] as? UnicodeNormalization)?.isNFC == true }

    /// Whether it writes spaces as `▁` and does nothing else, and if so, whether a text gets one before it.
    var metaspacePrefix: MetaspacePrefix? {
        guard let last = stages.last as? TextReplacement, last == .metaspaces else { return nil }
        switch stages.count {
        case 1: return .never
        case 2: return (stages[0] as? PrependedText) == .metaspace ? .always : nil
        default: return nil
        }
    }

    /// Both pattern and text are UTF-8, so a match never starts within a scalar.
    static func replacing(_ pattern: [UInt8], with replacement: [UInt8], in text: [UInt8]) -> [UInt8] {
        text.withUnsafeBufferPointer { bytes in
            var result = RewrittenText(isTracked: false, limit: .max)
            let isRewritten = TextReplacement(pattern, with: replacement).rewrite(bytes, into: &result)
            return isRewritten ? result.bytes : text
        }
    }
}
