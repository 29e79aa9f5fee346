import Foundation
import Tensor

extension GGUFVocabulary {
    /// SentencePiece's Unigram.
    ///
    /// llama.cpp gives a text its mark by what is in it: where it takes surplus spaces away, each word gets one, and
    /// otherwise a text that is not of spaces alone.
    func unigramDescription() throws(TokenizerError) -> TokenizerDescription {
        let mergesSpaces = try keys.bool(GGUFTokenizerKey.mergesSpaces) ?? false
        let addsSpace = try keys.bool(GGUFTokenizerKey.addsSpace) ?? false
        let vocab = try unigramPieces()
        guard let unknown = id(of: "unk_token"), Int(unknown) < vocab.count else {
            throw keys.malformed("tokenizer.ggml.unknown_token_id", "is missing, and unknown characters need it")
        }
        let isMarked = mergesSpaces || addsSpace
        var description = try description(
            normalizer: GGUFUnigramNormalizer(charsmap: charsmap(), mergesSpaces: mergesSpaces, addsSpace: addsSpace).definition,
            preTokenizer: .null,
            decoder: StageDefinition.metaspace(isMarked ? "always" : "never", splits: false),
            model: ["type": "Unigram", "unk_id": .integer(Int(unknown)), "vocab": .array(vocab), "byte_fallback": false],
            addsBOS: model.addsBOS)
        description.hasExactScores = true
        return description
    }

    /// The pieces with their scores.
    private func unigramPieces() throws(TokenizerError) -> [JSON] {
        if let id = scores.firstIndex(where: { !$0.isFinite }) {
            throw keys.malformed("\(GGUFTokenizerKey.scores)[\(id)]", "is not a finite number")
        }
        if let id = types.firstIndex(of: .byte) {
            throw keys.unsupported(
                "\(GGUFTokenizerKey.types)[\(id)]", "tokens of bytes in a Unigram, where llama.cpp never uses them, are not supported")
        }
        // A table of more rows than tokens is filled up with unused ones, whose scores would make unknown characters cheap.
        let count = (types.lastIndex { $0 != .unused } ?? -1) + 1
        let lowest = types.indices.filter { types[$0] == .normal }.map { scores[$0] }.min() ?? 0
        var pieces: [JSON] = []
        for id in 0..<count {
            let score: Float
            switch types[id] {
            case .normal: score = scores[id]
            case .unused:
                guard scores[id] >= lowest else {
                    throw keys.unsupported("\(GGUFTokenizerKey.scores)[\(id)]", "an unused token with the lowest score is not supported")
                }
                score = scores[id]
            // They are found before; of themselves they count nothing.
            case .unknown, .control, .userDefined, .byte: score = max(0, lowest)
            }
            pieces.append(.array([.string(spellings[id]), .number(Double(score))]))
        }
        return pieces
    }

    /// The map of characters in Base64; `nil` where there is none.
    private func charsmap() throws(TokenizerError) -> String? {
        let bytes = try keys.optional(
            GGUFTokenizerKey.charsmap,
            { value -> [UInt8]? in
                switch value.array {
                case .uint8(let bytes): bytes
                case .int8(let bytes): bytes.map { UInt8(bitPattern: $0) }
                default: nil
                }
            }, "a list of bytes")
        guard let bytes, !bytes.isEmpty else { return nil }
        return Foundation.Data(bytes).base64EncodedString()
    }
}

/// How llama.cpp rewrites the text of a Unigram, as a `normalizer` field.
struct GGUFUnigramNormalizer: Equatable {
    /// In Base64.
    var charsmap: String?
    /// Whether spaces around a text and all but one within it are taken away.
    var mergesSpaces: Bool
    var addsSpace: Bool

    var definition: JSON {
        var stages = charsmap.map { [StageDefinition.precompiled($0)] } ?? []
        let space: JSON = ["type": "Prepend", "prepend": " "]
        if mergesSpaces {
            stages += [StageDefinition.replace(StageDefinition.regex(#"\A +| +\z"#), ""), StageDefinition.singleSpaces, space]
        } else if addsSpace {
            stages += [space, StageDefinition.replace(StageDefinition.regex(#"\A (?= *\z)"#), "")]
        }
        stages.append(StageDefinition.replace(StageDefinition.literal(" "), "▁"))
        return StageDefinition.normalizers(stages)
    }

    init(charsmap: String?, mergesSpaces: Bool, addsSpace: Bool) {
        self.charsmap = charsmap
        self.mergesSpaces = mergesSpaces
        self.addsSpace = addsSpace
    }

    /// The one of a `normalizer` field; `nil` where the field says anything else.
    init?(_ definition: JSON) {
        let charsmap = definition["normalizers"]?.array?.first?["precompiled_charsmap"]?.string
        for (mergesSpaces, addsSpace) in [(true, true), (false, true), (false, false)] {
            self.init(charsmap: charsmap, mergesSpaces: mergesSpaces, addsSpace: addsSpace)
            if self.definition == definition { return }
        }
        return nil
    }
}
