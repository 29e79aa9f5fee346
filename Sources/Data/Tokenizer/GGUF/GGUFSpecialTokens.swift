/// Which tokens are found in the text itself: those that the file types so, and those that llama.cpp takes for such by
/// their spelling, whatever their type.
struct GGUFSpecialTokens {
    /// By id; `nil` for mere words.
    private(set) var tokens: [AddedToken?]

    /// Tokens that end a turn or a text.
    private static let ends: Set<String> = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
        "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
        "<｜end▁of▁sentence｜>", "[e~[",
    ]
    /// Parts of a message that are always shown.
    private static let shown: Set<String> = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"]
    /// Tokens around code to be filled in, a group a role. Only one of a group counts, and none where a key names it.
    private static let fillers: [(keys: [String], spellings: [String])] = [
        (
            ["fim_pre", "prefix"],
            ["<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>"]
        ),
        (
            ["fim_suf", "suffix"],
            ["<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>"]
        ),
        (
            ["fim_mid", "middle"],
            ["<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>"]
        ),
        (["fim_pad"], ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]),
        (["fim_rep"], ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"]),
        (["fim_sep"], ["<|file_sep|>"]),
    ]

    init(_ types: [GGUFTokenType], _ vocabulary: Vocabulary, _ keys: GGUFKeys) throws(TokenizerError) {
        tokens = types.enumerated().map { id, type in
            guard type == .control || type == .unknown || type == .userDefined else { return nil }
            var token = vocabulary.tokens[Int32(id)].map(AddedToken.init(special:))
            token?.isSpecial = type != .userDefined
            return token
        }
        for spelling in Self.ends { mark(spelling, vocabulary, isSpecial: true) }
        for group in Self.fillers where !group.keys.contains(where: { keys.metadata["tokenizer.ggml.\($0)_token_id"] != nil }) {
            let found = group.spellings.filter { vocabulary.id(of: $0) != nil }
            guard let first = found.first, found.contains(where: { !isSpecial($0, vocabulary) }) else { continue }
            guard found.count == 1 else {
                // llama.cpp takes the one that its hash table has first.
                throw keys.unsupported(
                    GGUFTokenizerKey.tokens, "'\(first)' and '\(found[1])' have the same role, and no key says which counts")
            }
            mark(first, vocabulary, isSpecial: true)
        }
        for spelling in Self.shown { mark(spelling, vocabulary, isSpecial: false) }
        func has(_ spelling: String) -> Bool { vocabulary.id(of: spelling) != nil }
        if has("<|return|>") && (has("<|call|>") || has("<|calls|>")) || (has("<|call|>") || has("<|calls|>")) && has("<|flush|>") {
            mark("<|end|>", vocabulary, isSpecial: false)
        }
        if has("<|tool_response>"), let id = vocabulary.id(of: "</s>") { tokens[Int(id)] = nil }
    }

    private func isSpecial(_ spelling: String, _ vocabulary: Vocabulary) -> Bool {
        vocabulary.id(of: spelling).flatMap { tokens[Int($0)]?.isSpecial } ?? false
    }

    private mutating func mark(_ spelling: String, _ vocabulary: Vocabulary, isSpecial: Bool) {
        guard let id = vocabulary.id(of: spelling) else { return }
        var token = AddedToken(special: spelling)
        token.isSpecial = isSpecial
        tokens[Int(id)] = token
    }

    /// The tokens, of which those of some models take white space along. GGUF has no word for that, so llama.cpp goes by the
    /// names of models and pre-tokenizers.
    func marked(byModel keys: GGUFKeys) -> [AddedToken?] {
        let preTokenizer = keys.metadata[GGUFTokenizerKey.preTokenizer]?.string ?? ""
        let architecture = keys.metadata["general.architecture"]?.string ?? ""
        let model = keys.metadata["general.name"]?.string?.lowercased() ?? ""
        var tokens = tokens
        func strip(left spelling: String) {
            for id in tokens.indices where tokens[id]?.content == spelling { tokens[id]?.stripsLeft = true }
        }
        if ["jina-v2-de", "jina-v2-es", "jina-v2-code"].contains(where: preTokenizer.contains)
            || ["nomic-bert-moe", "jina-bert-v3"].contains(where: architecture.contains)
        {
            strip(left: "<mask>")
        } else if model.contains("phi-3") || model.contains("phi3") {
            for id in tokens.indices {
                guard let content = tokens[id]?.content, !["<unk>", "<s>", "<|endoftext|>"].contains(content) else { continue }
                tokens[id]?.stripsRight = true
            }
        } else if model.contains("modern-bert") {
            strip(left: "[MASK]")
        }
        return tokens
    }
}
