/// Turns the `normalizer` field into stages, as the library reads it.
enum NormalizerReader {
    private static let maximumStages = 1024

    /// The stages of a normalizer, those of a sequence in a sequence in their place.
    static func stages(_ field: JSONField) throws(TokenizerError) -> [any NormalizerStage] {
        var stages: [any NormalizerStage] = []
        try append(field, to: &stages)
        return stages
    }

    private static func append(_ field: JSONField, to stages: inout [any NormalizerStage]) throws(TokenizerError) {
        switch try kind(field) {
        case "Bert": stages += try bert(field)
        case "Strip": stages.append(StrippedSpace(left: try bool(field["strip_left"]), right: try bool(field["strip_right"])))
        case "StripAccents": stages.append(StrippedMarks())
        case "NFC": stages.append(UnicodeNormalization.nfc)
        case "NFD": stages.append(UnicodeNormalization.nfd)
        case "NFKC": stages.append(UnicodeNormalization.nfkc)
        case "NFKD": stages.append(UnicodeNormalization.nfkd)
        case "Sequence":
            let elements = field["normalizers"]
            guard elements.value != nil else { throw elements.malformed("is missing") }
            for element in try elements.elements() { try append(element, to: &stages) }
        case "Lowercase": stages.append(Lowercase())
        case "Nmt": stages.append(MachineTranslationCleaning())
        case "Precompiled": stages.append(try PrecompiledMap(CharacterMap(field["precompiled_charsmap"])))
        case "Replace": stages.append(try replacement(field))
        case "Prepend": stages.append(PrependedText(Array(try field["prepend"].string().utf8)))
        case "ByteLevel": stages.append(SpelledBytes())
        case let type: throw field.unsupported("the normalizer '\(type.oneLine)' is not supported")
        }
        guard stages.count <= maximumStages else { throw field.unsupported("more than \(maximumStages) stages are not supported") }
    }

    private static let kinds: Set<String> = [
        "Bert", "Strip", "StripAccents", "NFC", "NFD", "NFKC", "NFKD", "Sequence", "Lowercase", "Nmt", "Precompiled", "Replace", "Prepend",
        "ByteLevel",
    ]

    /// A kind of which these fields are enough, in the order in which the library tries them.
    private static let shapes: [(kind: String, fields: [String])] = [
        ("Bert", ["clean_text", "handle_chinese_chars", "lowercase"]), ("Strip", ["strip_left", "strip_right"]),
        ("Sequence", ["normalizers"]),
        ("Replace", ["pattern", "content"]), ("Prepend", ["prepend"]),
    ]

    /// The kind of a normalizer. Files of old versions have other names for it, such as `BertNormalizer`, or none; then
    /// the fields say what it is.
    private static func kind(_ field: JSONField) throws(TokenizerError) -> String {
        let type = field["type"].value?.string
        if let type, kinds.contains(type) { return type }
        if let shape = shapes.first(where: { $0.fields.allSatisfy { field[$0].value != nil } }) { return shape.kind }
        return try field["type"].string()
    }

    private static func bert(_ field: JSONField) throws(TokenizerError) -> [any NormalizerStage] {
        let isLowercase = try bool(field["lowercase"])
        var stages: [any NormalizerStage] = []
        if try bool(field["clean_text"]) { stages.append(BertCleaning()) }
        if try bool(field["handle_chinese_chars"]) { stages.append(SpacedIdeographs()) }
        if try field["strip_accents"].bool(default: isLowercase) { stages += [UnicodeNormalization.nfd, StrippedAccents()] }
        if isLowercase { stages.append(Lowercase()) }
        return stages
    }

    private static func replacement(_ field: JSONField) throws(TokenizerError) -> any NormalizerStage {
        let pattern = field["pattern"]
        let content = Array(try field["content"].string().utf8)
        let isAlone = pattern.value?.object?.keys.count == 1
        if isAlone, pattern["Regex"].value?.string != nil { return PatternReplacement(try TextPattern(pattern), with: content) }
        if isAlone, let text = pattern["String"].value?.string, !text.isEmpty {
            return TextReplacement(Array(text.utf8), with: content)
        }
        throw pattern.unsupported("only a {\"String\": …} that is not empty or a {\"Regex\": …} can be replaced")
    }

    private static func bool(_ field: JSONField) throws(TokenizerError) -> Bool {
        guard field.value != nil else { throw field.malformed("is missing") }
        return try field.bool(default: false)
    }
}
