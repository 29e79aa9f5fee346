import Tensor

extension Tokenizer {
    /// The metadata by which a GGUF file describes this tokenizer, so that llama.cpp gives the same ids.
    ///
    /// `transformers` reads GGUF files by rules of its own. It knows the names `gpt-2`, `llama-bpe`, `qwen2` and
    /// `qwen35`, but not `smollm`, `default` and `falcon`, does not ignore merges, and marks the spaces of
    /// SentencePiece differently. Where it has to agree, ``writeHuggingFaceFiles(to:)`` is the way.
    ///
    /// Text that NFC would change gets other ids where the tokenizer normalizes, for llama.cpp does not. Nor does it take a
    /// long s after an apostrophe for a contraction.
    ///
    /// - Parameter vocabularySize: The rows of the model's embedding. Ids without a token get one of the name
    ///   `[PAD123]`, which is never used. By default the tokenizer's own ``vocabularySize``.
    /// - Throws: ``TokenizerError/notExportable(reason:)`` where GGUF has no way to say what the tokenizer does.
    public func ggufMetadata(vocabularySize: Int? = nil) throws(TokenizerError) -> [(key: String, value: GGUFValue)] {
        let size = vocabularySize ?? self.vocabularySize
        guard size >= self.vocabularySize else {
            throw .notExportable(reason: "it has ids up to \(self.vocabularySize - 1), and the model has \(size) rows")
        }
        // With 24 bytes a token more than these would not fit in the header that a reader takes.
        guard size <= 1 << 22 else { throw .notExportable(reason: "\(size) tokens are more than a file can list") }
        // The highest id gives their number, which a few letters of a small file can set. Published models have some
        // thousand rows without a token.
        let empty = size - model.vocabulary.tokens.count - added.tokens.keys.count { model.vocabulary.tokens[$0] == nil }
        guard empty <= 1 << 17 else { throw .notExportable(reason: "\(empty) of its \(size) ids have no token") }

        let kind = try ggufKind()
        let (tokens, types) = try ggufTokens(size, kind)
        try checkSpellings(tokens, types)
        var entries: [(key: String, value: GGUFValue)] = []
        switch kind {
        case .bytes(let name, let merging):
            entries.append((GGUFTokenizerKey.model, .string(GGUFTokenizerModel.bytes.rawValue)))
            entries.append((GGUFTokenizerKey.preTokenizer, .string(name)))
            entries.append((GGUFTokenizerKey.tokens, .array(.string(tokens))))
            entries.append((GGUFTokenizerKey.types, .array(.int32(types.map(\.rawValue)))))
            entries.append((GGUFTokenizerKey.merges, .array(.string(try mergeLines(merging)))))
        case .characters(let addsSpace, let merging):
            entries.append((GGUFTokenizerKey.model, .string(GGUFTokenizerModel.sentencePiece.rawValue)))
            entries.append((GGUFTokenizerKey.preTokenizer, .string("default")))
            entries.append((GGUFTokenizerKey.tokens, .array(.string(tokens))))
            entries.append((GGUFTokenizerKey.scores, .array(.float32(scores(merging, count: size)))))
            entries.append((GGUFTokenizerKey.types, .array(.int32(types.map(\.rawValue)))))
            entries.append((GGUFTokenizerKey.addsSpace, .bool(addsSpace)))
        case .unigram(let unigram):
            entries.append((GGUFTokenizerKey.model, .string(GGUFTokenizerModel.unigram.rawValue)))
            entries.append((GGUFTokenizerKey.preTokenizer, .string("default")))
            entries.append((GGUFTokenizerKey.tokens, .array(.string(tokens))))
            entries.append((GGUFTokenizerKey.scores, .array(.float32(try unigram.scores(types)))))
            entries.append((GGUFTokenizerKey.types, .array(.int32(types.map(\.rawValue)))))
            entries.append((GGUFTokenizerKey.addsSpace, .bool(unigram.normalizer.addsSpace)))
            entries.append((GGUFTokenizerKey.mergesSpaces, .bool(unigram.normalizer.mergesSpaces)))
            if let charsmap = unigram.charsmap { entries.append((GGUFTokenizerKey.charsmap, .array(.uint8(charsmap)))) }
        }
        for (role, key) in GGUFTokenizerKey.roles {
            guard let id = configuration.token(role).flatMap(id(of:)) else { continue }
            entries.append((key, .uint32(UInt32(id))))
        }
        entries.append((GGUFTokenizerKey.addsBOS, .bool(addsBOS)))
        if let chatTemplate { entries.append((GGUFTokenizerKey.chatTemplate, .string(chatTemplate))) }
        if let toolTemplate { entries.append((GGUFTokenizerKey.toolTemplate, .string(toolTemplate))) }
        return entries
    }

    private enum GGUFKind {
        /// Byte-level, with the name of its pre-tokenizer.
        case bytes(String, BytePairEncoding)
        /// SentencePiece, whose texts get a space before them or not.
        case characters(addsSpace: Bool, BytePairEncoding)
        case unigram(GGUFUnigramExport)

        /// Whether the tokens have marks for spaces.
        var marksSpaces: Bool { if case .bytes = self { false } else { true } }

        /// Whether text gets a space before it.
        var addsSpace: Bool {
            switch self {
            case .bytes: false
            case .characters(let addsSpace, _): addsSpace
            case .unigram(let unigram): unigram.normalizer.addsSpace
            }
        }

        /// The token for what is unknown, where the kind has one.
        func unknown(in definition: JSON) -> String? {
            switch self {
            case .bytes: nil
            case .characters: definition["model"]?["unk_token"]?.string
            case .unigram(let unigram): unigram.unknown
            }
        }
    }

    private func ggufKind() throws(TokenizerError) -> GGUFKind {
        guard !configuration.splitsSpecialTokens else {
            throw .notExportable(reason: "it takes special tokens in text for text")
        }
        guard let model = model as? BytePairEncoding else { return .unigram(try GGUFUnigramExport(definition, model)) }
        guard !model.marksCharacters else { throw .notExportable(reason: "its tokens are marked by where in a word they stand") }
        if preTokenizer.isByteLevel {
            guard !model.fallsBackToBytes else { throw .notExportable(reason: "it lacks tokens of single bytes") }
            // llama.cpp never normalizes. Composed text, which nearly all is, is the same before and after NFC.
            guard normalizer == nil || normalizer?.isComposition == true else {
                throw .notExportable(reason: "its normalizer changes text")
            }
            guard
                let row = GGUFPreTokenizer.row(for: definition["pre_tokenizer"] ?? .null, ignoresMerges: model.ignoresMerges)
            else { throw .notExportable(reason: "llama.cpp has no name for the way it cuts text") }
            return .bytes(row.name, model)
        }
        guard definition["model"]?["byte_fallback"]?.bool == true, !model.ignoresMerges else {
            throw .notExportable(reason: "it is neither byte-level nor of SentencePiece's kind")
        }
        // llama.cpp looks for the token of any byte, and ends where there is none.
        guard (UInt8.min...UInt8.max).allSatisfy({ model.vocabulary.id(of: ByteToken.spelling(of: $0)) != nil }) else {
            throw .notExportable(reason: "it lacks tokens of single bytes")
        }
        // llama.cpp puts a space before each text between special tokens, also before one that starts with a
        // space. So does a normalizer; a pre-tokenizer does not.
        if normalizer == nil, preTokenizer.onlyMarksSpaces { return .characters(addsSpace: false, model) }
        guard let prefix = normalizer?.metaspacePrefix, preTokenizer.keepsTextWithoutSpaces else {
            throw .notExportable(reason: "llama.cpp marks spaces in another way")
        }
        return .characters(addsSpace: prefix == .always, model)
    }

    /// The spellings and types of all ids.
    private func ggufTokens(_ size: Int, _ kind: GGUFKind) throws(TokenizerError) -> ([String], [GGUFTokenType]) {
        var isScored = false
        if case .characters = kind { isScored = true }
        let unknown = kind.unknown(in: definition)
        var tokens: [String] = []
        var types: [GGUFTokenType] = []
        for id in 0..<Int32(size) {
            if let token = added.tokens[id] {
                tokens.append(token.content)
                try checkSearch(for: token, kind)
                types.append(token.content == unknown ? .unknown : token.isSpecial ? .control : .userDefined)
            } else if let token = model.vocabulary.tokens[id] {
                tokens.append(token)
                types.append(
                    token == unknown ? .unknown : isScored && ByteToken.byte(of: token) != nil ? .byte : .normal)
            } else {
                tokens.append("[PAD\(id)]")
                types.append(.unused)
            }
        }
        return (tokens, types)
    }

    /// llama.cpp finds added tokens wherever their text stands.
    private func checkSearch(for token: AddedToken, _ kind: GGUFKind) throws(TokenizerError) {
        guard !token.isSingleWord, !token.stripsLeft, !token.stripsRight else {
            throw .notExportable(reason: "the added token '\(token.content.oneLine)' is found by rules of its own")
        }
        guard kind.marksSpaces else { return }
        if !token.isSpecial, token.isNormalized, kind.addsSpace {
            throw .notExportable(
                reason: "the added token '\(token.content.oneLine)' is found after a space only; add it with \"normalized\": false")
        }
        // It would make such a token of pieces, as it makes the pieces that have a mark.
        let isPiece = model.vocabulary.id(of: token.content) != nil
        guard isPiece || token.isSpecial || !token.content.unicodeScalars.contains("▁") else {
            throw .notExportable(reason: "llama.cpp takes the ▁ of the added token '\(token.content.oneLine)' for a space; write a space")
        }
    }

    /// llama.cpp takes some tokens for special ones by their spelling.
    private func checkSpellings(_ tokens: [String], _ types: [GGUFTokenType]) throws(TokenizerError) {
        let special: [AddedToken?]
        do throws(TokenizerError) {
            let vocabulary = try Vocabulary(list: tokens, file: "", place: GGUFTokenizerKey.tokens)
            special = try GGUFSpecialTokens(types, vocabulary, GGUFKeys(metadata: GGUFMetadata(), name: "")).tokens
        } catch {
            guard case .malformed(_, let place, let reason) = error else {
                throw .notExportable(reason: "llama.cpp cannot tell which of two tokens for code to be filled in counts")
            }
            throw .notExportable(reason: "\(place) \(reason)")
        }
        for (id, token) in special.enumerated() where (token == nil) != (added.tokens[Int32(id)] == nil) && types[id] != .unknown {
            let role = token == nil ? "an ordinary word" : "a special token"
            throw .notExportable(reason: "llama.cpp takes '\(tokens[id].oneLine)' for \(role) by its spelling")
        }
    }

    private func mergeLines(_ model: BytePairEncoding) throws(TokenizerError) -> [String] {
        var lines: [String] = []
        for (left, right, _) in model.merges.pairs {
            let halves = [left, right].compactMap { model.vocabulary.tokens[$0] }
            guard halves.count == 2, !halves.contains(where: { $0.utf8.contains(UInt8(ascii: " ")) }) else {
                throw .notExportable(reason: "its merges have tokens with a space in them")
            }
            lines.append(halves.joined(separator: " "))
        }
        return lines
    }

    /// The scores by id. Where there are only merges, the first that makes a token gives its score: each
    /// merge less than the one before.
    private func scores(_ model: BytePairEncoding, count: Int) -> [Float] {
        if !model.scores.isEmpty { return model.scores + Array(repeating: -1e9, count: max(0, count - model.scores.count)) }
        var scores = [Float](repeating: -1e9, count: count)
        for (rank, pair) in model.merges.pairs.enumerated() where scores[Int(pair.token)] == -1e9 {
            scores[Int(pair.token)] = -Float(rank)
        }
        // Letters and bytes come from no merge, so that their scores say nothing.
        for id in model.vocabulary.idsByScalar().values { scores[Int(id)] = 0 }
        return scores
    }
}
