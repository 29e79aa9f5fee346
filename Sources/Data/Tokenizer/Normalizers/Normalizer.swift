/// The first stage: rewrites text before it is cut.
enum Normalizer: Sendable {
    case form(UnicodeNormalization)
    /// NFC, under a name, for it changes none of the text that is usual.
    case composition
    case lowercase
    /// Puts a text before each piece that is not empty.
    case prepend(String)
    /// Replaces each occurrence of a text, compared byte for byte.
    case replace([UInt8], with: [UInt8])
    indirect case sequence([Normalizer])

    /// How many times longer than its input a text may become; keeps a chain of replacements from filling
    /// the memory.
    private static let growthLimit = 4096.0

    /// Reads the `normalizer` field; `nil` where it is missing or `null`.
    init?(_ field: JSONField) throws(TokenizerError) {
        guard field.value != nil else { return nil }
        let type = try field["type"].string()
        switch type {
        case "NFC": self = .composition
        case "NFD": self = .form(.nfd)
        case "NFKC": self = .form(.nfkc)
        case "NFKD": self = .form(.nfkd)
        case "Lowercase": self = .lowercase
        case "Prepend": self = .prepend(try field["prepend"].string())
        case "Replace":
            guard let pattern = field["pattern"]["String"].value?.string, !pattern.isEmpty else {
                throw field["pattern"].unsupported("only a {\"String\": …} that is not empty can be replaced")
            }
            self = .replace(Array(pattern.utf8), with: Array(try field["content"].string().utf8))
        case "Sequence":
            var stages: [Normalizer] = []
            for element in try field["normalizers"].elements() {
                if let stage = try Normalizer(element) { stages.append(stage) }
            }
            self = .sequence(stages)
        default:
            throw field.unsupported("the normalizer '\(type)' is not supported")
        }
        guard growth <= Self.growthLimit else { throw field.unsupported("makes text too long") }
    }

    /// At most how many times longer a text becomes, a prefix counted as on a text of one byte.
    private var growth: Double {
        switch self {
        case .form, .composition, .lowercase: 1
        case .prepend(let prefix): Double(prefix.utf8.count + 1)
        case .replace(let pattern, let replacement): max(1, Double(replacement.count) / Double(pattern.count))
        case .sequence(let stages): stages.reduce(1) { $0 * $1.growth }
        }
    }

    var isComposition: Bool {
        if case .composition = self { true } else { false }
    }

    /// Whether it writes spaces as `▁` and does nothing else, and if so, whether a text gets one before it.
    var metaspacePrefix: MetaspacePrefix? {
        switch self {
        case .replace(Array(" ".utf8), with: Array("▁".utf8)): .never
        case .sequence(let stages) where stages.count == 1: stages[0].metaspacePrefix
        case .sequence(let stages) where stages.count == 2:
            if case .prepend("▁") = stages[0], stages[1].metaspacePrefix == .never { .always } else { nil }
        default: nil
        }
    }

    /// The normalized text.
    func normalize(_ text: String) throws(TokenizerError) -> String {
        switch self {
        case .form(let form): return form.normalize(text)
        case .composition: return UnicodeNormalization.nfc.normalize(text)
        case .lowercase:
            // A scalar at a time: unlike a word's lowercase, a final sigma stays a sigma.
            return text.unicodeScalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping }
        case .prepend(let prefix): return text.isEmpty ? text : prefix + text
        case .replace(let pattern, let replacement):
            return String(decoding: Self.replacing(pattern, with: replacement, in: Array(text.utf8)), as: UTF8.self)
        case .sequence(let stages):
            var text = text
            for stage in stages { text = try stage.normalize(text) }
            return text
        }
    }

    /// Both pattern and text are UTF-8, so a match never starts within a scalar.
    static func replacing(_ pattern: [UInt8], with replacement: [UInt8], in text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index...].starts(with: pattern) {
                result += replacement
                index += pattern.count
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }
}
