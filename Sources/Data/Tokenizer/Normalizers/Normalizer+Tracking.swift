extension Normalizer {
    /// The normalized text, and for each of its bytes the byte of the text that it comes from: as the library's
    /// `NormalizedString` aligns them, with `nil` where the text stays as it is.
    ///
    /// The normalizers agree with ``normalize(_:)``, which does without the sources and so is faster.
    func normalizeTracking(_ text: String) throws(TokenizerError) -> (text: String, sources: [Int32]?) {
        switch self {
        case .form(let form): return form.normalizeTracking(text)
        case .composition: return UnicodeNormalization.nfc.normalizeTracking(text)
        case .lowercase: return Self.lowercaseTracking(text)
        case .prepend(let prefix):
            let count = Int32(text.utf8.count)
            guard count > 0 else { return (text, nil) }
            return (prefix + text, Array(repeating: 0, count: prefix.utf8.count) + (0..<count))
        case .replace(let pattern, let replacement):
            return Self.replaceTracking(pattern, with: replacement, in: Array(text.utf8))
        case .sequence(let stages):
            var result: (text: String, sources: [Int32]?) = (text, nil)
            for stage in stages {
                let next = try stage.normalizeTracking(result.text)
                if let sources = result.sources {
                    result = (next.text, next.sources.map { $0.map { sources[Int($0)] } } ?? sources)
                } else {
                    result = next
                }
            }
            return result
        }
    }

    private static func lowercaseTracking(_ text: String) -> (String, [Int32]?) {
        var result = ""
        var sources: [Int32] = []
        var index: Int32 = 0
        for scalar in text.unicodeScalars {
            let mapping = scalar.properties.lowercaseMapping
            result += mapping
            for _ in mapping.utf8 { sources.append(index) }
            index += Int32(UTF8.width(scalar))
        }
        return (result, sources)
    }

    /// All of a replacement comes from the last character that it replaces.
    private static func replaceTracking(
        _ pattern: [UInt8], with replacement: [UInt8], in text: [UInt8]
    ) -> (String, [Int32]?) {
        var result: [UInt8] = []
        var sources: [Int32] = []
        var index = 0
        while index < text.count {
            if text[index...].starts(with: pattern) {
                index += pattern.count
                result += replacement
                for _ in replacement { sources.append(Int32(index - 1)) }
            } else {
                result.append(text[index])
                sources.append(Int32(index))
                index += 1
            }
        }
        return (String(decoding: result, as: UTF8.self), sources)
    }
}
