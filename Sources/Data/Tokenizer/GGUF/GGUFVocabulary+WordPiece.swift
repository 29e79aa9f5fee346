import Tensor

extension GGUFVocabulary {
    /// WordPiece. GGUF marks the pieces that start a word, `tokenizer.json` those that go on with it.
    func wordPieceDescription() throws(TokenizerError) -> TokenizerDescription {
        guard let unknown = id(of: "unk_token") else {
            throw keys.malformed("tokenizer.ggml.unknown_token_id", "is missing, and unknown words need it")
        }
        let lowercases = try keys.bool(GGUFTokenizerKey.lowercases) ?? true
        let strips = try keys.bool(GGUFTokenizerKey.stripsAccents) ?? lowercases
        var vocab = JSONObject()
        for (id, spelling) in try wordPieces().enumerated() {
            guard vocab[spelling] == nil else {
                throw keys.malformed("\(GGUFTokenizerKey.tokens)[\(id)]", "'\(spelling.oneLine)' is there in another spelling")
            }
            vocab[spelling] = .integer(id)
        }
        return try description(
            normalizer: [
                "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": .bool(strips),
                "lowercase": .bool(lowercases),
            ],
            preTokenizer: ["type": "BertPreTokenizer"], decoder: StageDefinition.wordPieceDecoder(prefix: "##"),
            model: [
                "type": "WordPiece", "unk_token": .string(spellings[Int(unknown)]), "continuing_subword_prefix": "##",
                // llama.cpp takes words of any length.
                "max_input_chars_per_word": .integer(Int(Int32.max)), "vocab": .object(vocab),
            ],
            addsBOS: model.addsBOS)
    }

    /// The tokens as `tokenizer.json` spells them.
    private func wordPieces() throws(TokenizerError) -> [String] {
        let mark = "▁"
        var pieces: [String] = []
        for (id, spelling) in spellings.enumerated() {
            guard special[id] == nil, types[id] != .unused, !roles.contains(where: { $0.id == Int32(id) }) else {
                pieces.append(spelling)
                continue
            }
            guard spelling != mark else {
                throw keys.unsupported("\(GGUFTokenizerKey.tokens)[\(id)]", "a token that is the start of any word is not supported")
            }
            // Compared by scalars, for a mark before a combining character is no character of its own.
            let isStart = spelling.unicodeScalars.first == mark.unicodeScalars.first
            pieces.append(isStart ? String(String.UnicodeScalarView(spelling.unicodeScalars.dropFirst())) : "##" + spelling)
        }
        return pieces
    }
}
