import Tensor

/// What post-processors make of a text, which stands for any. As in the library, one of them leaves a list of texts to the
/// next, of which all but one hold special tokens only, and in the end they are put together.
struct PostProcessedTexts {
    enum Piece: Equatable {
        case text
        case token(Int32)
    }

    /// Published tokenizers have one or two.
    private static let processorLimit = 64
    /// Published tokenizers add one or two.
    private static let tokenLimit = 1024

    private var texts: [[Piece]] = [[.text]]
    private var processorCount = 0

    /// All texts as one.
    var merged: [Piece] { Array(texts.joined()) }

    /// Applies the processor of a field.
    mutating func process(_ field: JSONField) throws(TokenizerError) {
        let type = try Self.type(of: field)
        if type == "Sequence" {
            guard field["processors"].value != nil else { throw field["processors"].malformed("is missing") }
            for element in try field["processors"].elements() { try process(element) }
            return
        }
        processorCount += 1
        guard processorCount <= Self.processorLimit else {
            throw field.unsupported("more than \(Self.processorLimit) processors are not supported")
        }
        switch type {
        // It trims offsets, and those of `TokenOffsets` are untrimmed.
        case "ByteLevel": break
        case "BertProcessing": try putAround(field, startsOthers: false)
        case "RobertaProcessing": try putAround(field, startsOthers: true)
        case "TemplateProcessing": try fill(field)
        default: throw field.unsupported("the post-processor '\(type.oneLine)' is not supported")
        }
        guard texts.reduce(0, { $0 + $1.count }) <= Self.tokenLimit else {
            throw field.unsupported("more than \(Self.tokenLimit) special tokens are not supported")
        }
    }

    /// The name of the kind; of a file without one, that of the kind which has such fields.
    private static func type(of field: JSONField) throws(TokenizerError) -> String {
        func has(_ keys: String...) -> Bool { keys.allSatisfy { field[$0].value != nil } }
        guard field["type"].value == nil else { return try field["type"].string() }
        if has("sep", "cls") { return has("trim_offsets", "add_prefix_space") ? "RobertaProcessing" : "BertProcessing" }
        if has("single", "pair", "special_tokens") { return "TemplateProcessing" }
        return try field["type"].string()
    }

    /// Puts `cls` before and `sep` after the first text, and `sep` after the others.
    ///
    /// - Parameter startsOthers: Whether it also stands before the others.
    private mutating func putAround(_ field: JSONField, startsOthers: Bool) throws(TokenizerError) {
        func token(_ key: String) throws(TokenizerError) -> Piece {
            let elements = try field[key].elements()
            guard elements.count == 2, elements[0].value?.string != nil else {
                throw field[key].malformed("is not a token with its id")
            }
            return .token(try elements[1].tokenID())
        }
        let start = try token("cls")
        let end = try token("sep")
        for index in texts.indices {
            let before = index == 0 ? [start] : startsOthers ? [end] : []
            texts[index] = before + texts[index] + [end]
        }
    }

    /// Fills the texts in the template for one, or for two where a processor before has left two.
    private mutating func fill(_ field: JSONField) throws(TokenizerError) {
        let tokens = try Self.specialTokens(field["special_tokens"])
        // Where no special tokens are asked for, there is one text always.
        let single = try Self.template(field["single"], tokens, [[.text]])
        guard single.filter({ $0 == [.text] }).count == 1 else {
            throw field["single"].unsupported("a text has to stand exactly once in its template")
        }
        switch texts.count {
        case 1: texts = try Self.template(field["single"], tokens, texts)
        case 2: texts = try Self.template(field["pair"], tokens, texts)
        default: throw field.unsupported("there are \(texts.count) texts, and no template for so many")
        }
    }

    /// The ids of each special token of a template.
    private static func specialTokens(_ field: JSONField) throws(TokenizerError) -> [String: [Piece]] {
        var tokens: [String: [Piece]] = [:]
        for name in try field.object().keys {
            let ids = field[name]["ids"]
            guard ids.value != nil else { throw ids.malformed("is missing") }
            var pieces: [Piece] = []
            for id in try ids.elements() { pieces.append(.token(try id.tokenID())) }
            tokens[name] = pieces
        }
        return tokens
    }

    private static func template(_ field: JSONField, _ tokens: [String: [Piece]], _ texts: [[Piece]]) throws(TokenizerError) -> [[Piece]] {
        guard field.value != nil else { throw field.malformed("is missing") }
        var filled: [[Piece]] = []
        var count = 0
        for element in try field.elements() {
            if element["SpecialToken"].value != nil {
                let name = try element["SpecialToken"]["id"].string()
                guard let pieces = tokens[name] else {
                    throw element["SpecialToken"]["id"].malformed("'\(name.oneLine)' is not in special_tokens")
                }
                filled.append(pieces)
            } else {
                let name = try element["Sequence"]["id"].string()
                guard let index = ["A", "B"].firstIndex(of: name) else {
                    throw element["Sequence"]["id"].malformed("'\(name.oneLine)' is neither A nor B")
                }
                guard index < texts.count else { throw element["Sequence"]["id"].malformed("there is no second text") }
                filled.append(texts[index])
            }
            count += filled.last?.count ?? 0
            guard count <= tokenLimit else { throw field.unsupported("more than \(tokenLimit) special tokens are not supported") }
        }
        return filled
    }
}

extension JSONField {
    /// The id of a token, which need not be in the vocabulary.
    fileprivate func tokenID() throws(TokenizerError) -> Int32 {
        guard let id = value?.integer.flatMap({ Int32(exactly: $0) }), id >= 0 else { throw malformed("is not an id") }
        return id
    }
}
