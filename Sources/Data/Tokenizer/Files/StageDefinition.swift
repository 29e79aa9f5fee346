import Tensor

/// Stages of a tokenizer as `tokenizer.json` spells them, with every field that the `tokenizers` library writes.
enum StageDefinition {
    static func byteLevel(addsPrefixSpace: Bool, trimsOffsets: Bool = true, usesRegex: Bool = true) -> JSON {
        [
            "type": "ByteLevel", "add_prefix_space": .bool(addsPrefixSpace), "trim_offsets": .bool(trimsOffsets),
            "use_regex": .bool(usesRegex),
        ]
    }

    /// The decoder, whose switches change nothing.
    static let byteLevelDecoder = byteLevel(addsPrefixSpace: true)

    static func metaspace(_ prepends: String, splits: Bool = true) -> JSON {
        ["type": "Metaspace", "replacement": "▁", "prepend_scheme": .string(prepends), "split": .bool(splits)]
    }

    static func split(_ pattern: JSON, _ behavior: String = "Isolated", inverted: Bool = false) -> JSON {
        ["type": "Split", "pattern": pattern, "behavior": .string(behavior), "invert": .bool(inverted)]
    }

    static func regex(_ expression: String) -> JSON { ["Regex": .string(expression)] }

    static func literal(_ text: String) -> JSON { ["String": .string(text)] }

    static func replace(_ pattern: JSON, _ content: String) -> JSON {
        ["type": "Replace", "pattern": pattern, "content": .string(content)]
    }

    static func strip(left: Bool, right: Bool) -> JSON {
        ["type": "Strip", "strip_left": .bool(left), "strip_right": .bool(right)]
    }

    static func precompiled(_ charsmap: String) -> JSON { ["type": "Precompiled", "precompiled_charsmap": .string(charsmap)] }

    static func normalizers(_ stages: [JSON]) -> JSON { ["type": "Sequence", "normalizers": .array(stages)] }

    static func preTokenizers(_ stages: [JSON]) -> JSON { ["type": "Sequence", "pretokenizers": .array(stages)] }

    static func decoders(_ stages: [JSON]) -> JSON { ["type": "Sequence", "decoders": .array(stages)] }

    /// What turns pieces of SentencePiece into text: marks into spaces, byte tokens into bytes.
    ///
    /// - Parameter stripsSpace: Whether the text loses the space at its start, which the encoder has put there.
    static func pieceDecoder(stripsSpace: Bool) -> JSON {
        let strip: JSON = ["type": "Strip", "content": " ", "start": 1, "stop": 0]
        return decoders([replace(literal("▁"), " "), ["type": "ByteFallback"], ["type": "Fuse"]] + (stripsSpace ? [strip] : []))
    }

    /// Spaces that come in a row made one.
    static let singleSpaces = replace(regex(" {2,}"), " ")

    /// The options of a byte-level BPE model.
    static func byteLevelModel(unknown: String? = nil, suffix: String = "") -> JSONObject {
        model(unknown: unknown, prefix: "", suffix: .string(suffix), fusesUnknown: false, fallsBack: false)
    }

    /// The options of a BPE model.
    static func model(
        unknown: String?, prefix: JSON = .null, suffix: JSON = .null, fusesUnknown: Bool, fallsBack: Bool, ignoresMerges: Bool = false
    ) -> JSONObject {
        [
            "type": "BPE", "dropout": nil, "unk_token": unknown.map { .string($0) } ?? .null, "continuing_subword_prefix": prefix,
            "end_of_word_suffix": suffix, "fuse_unk": .bool(fusesUnknown), "byte_fallback": .bool(fallsBack),
            "ignore_merges": .bool(ignoresMerges),
        ]
    }

    /// The options of a WordPiece model.
    static func wordPieceModel(unknown: String) -> JSONObject {
        [
            "type": "WordPiece", "unk_token": .string(unknown), "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
        ]
    }

    /// The options of a Unigram model.
    static func unigramModel(unknown: Int?, fallsBack: Bool = false) -> JSONObject {
        ["type": "Unigram", "unk_id": unknown.map { .integer($0) } ?? .null, "byte_fallback": .bool(fallsBack)]
    }

    static func wordPieceDecoder(prefix: String) -> JSON {
        ["type": "WordPiece", "prefix": .string(prefix), "cleanup": true]
    }

    /// A template that puts a token before each text.
    static func leading(_ token: String, _ id: Int32) -> JSON {
        template(
            single: [(token, false, 0), ("A", true, 0)], pair: [(token, false, 0), ("A", true, 0), (token, false, 1), ("B", true, 1)],
            ids: [token: id])
    }

    /// A text, `A` or `B`, or a token, with its type.
    typealias TemplatePart = (name: String, isText: Bool, type: Int)

    /// A template of tokens around a text or around two.
    ///
    /// - Parameter ids: Those of the tokens.
    static func template(single: [TemplatePart], pair: [TemplatePart], ids: [String: Int32]) -> JSON {
        func stages(_ parts: [TemplatePart]) -> JSON {
            .array(
                parts.map { part in
                    let value: JSON = ["id": .string(part.name), "type_id": .integer(part.type)]
                    return .object([part.isText ? "Sequence" : "SpecialToken": value])
                })
        }
        var tokens = JSONObject()
        for (token, id) in ids {
            tokens[token] = ["id": .string(token), "ids": [.integer(Int(id))], "tokens": [.string(token)]]
        }
        return [
            "type": "TemplateProcessing", "single": stages(single), "pair": stages(pair), "special_tokens": .object(tokens),
        ]
    }
}
