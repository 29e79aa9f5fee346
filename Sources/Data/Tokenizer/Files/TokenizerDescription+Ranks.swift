import Foundation
import Tensor

extension TokenizerDescription {
    /// Reads a file of tiktoken's ranks. How text is cut into words it does not say; the class of the folder does.
    static func ranks(_ path: String, _ context: TokenizerFileContext) throws(TokenizerError) -> TokenizerDescription {
        try ranks(path, context, JSONField.bytes(of: path))
    }

    static func ranks(
        _ path: String, _ context: TokenizerFileContext, _ bytes: Foundation.Data
    ) throws(TokenizerError) -> TokenizerDescription {
        let file = try RankFile(bytes, file: path)
        guard let words = try RankWords(context, path, count: file.tokens.count) else {
            throw context.evidence.unknownClass(for: path)
        }
        var configuration = context.configuration
        if case .known(let known) = words.reader {
            configuration.apply(roles: known.roles, extra: try known.extraTokens(found: nil, configuration.file))
        }
        configuration.apply(roles: words.roles, extra: configuration.extra)
        let special = try configuration.namesAfter(file.tokens.count, words.special, path)
        configuration.settleAdded([], always: true)
        return TokenizerDescription(
            file, path, specialCount: 0, special: special, pattern: words.pattern, normalizer: words.normalizer, configuration)
    }

    /// The tokenizer of ranks, as tiktoken merges: the pair that spells the token of the lowest rank first.
    ///
    /// - Parameters:
    ///   - specialCount: The number of special tokens before the first rank.
    ///   - special: The special tokens: that many, and any number after the last rank.
    init(
        _ file: RankFile, _ path: String, specialCount: Int, special: [String], pattern: String, normalizer: JSON,
        _ configuration: TokenizerConfiguration
    ) {
        let spelled = file.tokens.map(ByteLevelAlphabet.spelling)
        let tokens = special.prefix(specialCount) + spelled + special.dropFirst(specialCount)
        let recipe = TransformersRecipe(
            options: StageDefinition.model(unknown: nil, fusesUnknown: false, fallsBack: false, ignoresMerges: true),
            normalizer: normalizer,
            preTokenizer: StageDefinition.preTokenizers([
                StageDefinition.split(StageDefinition.regex(pattern)), StageDefinition.byteLevel(addsPrefixSpace: false, usesRegex: false),
            ]),
            decoder: StageDefinition.byteLevelDecoder,
            postProcessor: .fallbackStage(StageDefinition.byteLevel(addsPrefixSpace: true, trimsOffsets: false)))
        var places: [[UInt8]: Int] = [:]
        for (index, token) in tokens.enumerated() { places[Array(token.utf8)] = index }
        let ids = AddedTokenIDs(listed: [], configuration, tokens.count) { places[Array($0.utf8)] }
        self.init(
            definition: recipe.definition(file: path, recipe.options, configuration, ids),
            added: special.map(AddedToken.init(special:)), configuration: configuration)
        makeModel = { field, isByteLevel throws(TokenizerError) in
            try BytePairEncoding(options: field, isByteLevel: isByteLevel) { () throws(TokenizerError) in
                let vocabulary = try Vocabulary(list: Array(tokens), file: path, place: "tokens")
                return (vocabulary, MergeTable(ranks: file.tokens, firstID: specialCount))
            }
        }
    }
}

/// How text is cut for a file of ranks, and which special tokens come after them.
private struct RankWords {
    var pattern: String
    var normalizer = JSON.null
    var special: [String] = []
    var roles: [(name: String, token: AddedToken)] = []
    var reader = TransformersRules.Reader.general

    /// - Parameter count: The number of ranks.
    init?(_ context: TokenizerFileContext, _ path: String, count: Int) throws(TokenizerError) {
        let evidence = context.evidence
        let name = (path as NSString).lastPathComponent
        if evidence.namedClass == "QWenTokenizer" || evidence.isEmpty && name == "qwen.tiktoken" {
            // Qwen's first: the class is code of the folder's own.
            self.init(pattern: SplitPattern.qwen2Words, normalizer: ["type": "NFC"])
            special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + (0..<205).map { "<|extra_\($0)|>" }
            return
        }
        // GLM-4's class is code of the folder's own; it cuts as Llama 3's does.
        if evidence.namedClass == "ChatGLM4Tokenizer" {
            self.init(pattern: SplitPattern.llama3Words)
            return
        }
        if evidence.isEmpty {
            guard let known = Self.original(context.folder, count: count) else { return nil }
            self = known
            return
        }
        // Code of the folder's own may cut in any way; `transformers` itself has this one.
        guard !evidence.hasOwnCode else { return nil }
        self.init(pattern: SplitPattern.llama3Words)
        reader = try TransformersRules.reader(evidence, isByteLevel: false)
    }

    private init(pattern: String, normalizer: JSON = .null) {
        self.pattern = pattern
        self.normalizer = normalizer
    }

    /// Llama 3's folder as Meta publishes it, with `params.json` and no names of special tokens.
    private static func original(_ folder: String, count: Int) -> RankWords? {
        guard count == 128_000, let field = try? JSONField(contentsOf: "\(folder)/params.json"),
            let size = field["vocab_size"].value?.integer,
            size == -1 || size == 128_256
        else { return nil }
        var words = RankWords(pattern: SplitPattern.llama3Words)
        let isFirst = field["use_scaled_rope"].value?.bool != true
        words.special =
            isFirst
            ? [
                "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
                "<|reserved_special_token_2|>", "<|reserved_special_token_3|>", "<|start_header_id|>", "<|end_header_id|>",
                "<|reserved_special_token_4|>", "<|eot_id|>",
            ]
            : [
                "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
                "<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>",
                "<|python_tag|>",
            ]
        let reserved = isFirst ? 5 : 2
        words.special += (0..<256 - words.special.count).map { "<|reserved_special_token_\(reserved + $0)|>" }
        words.roles = [("bos_token", "<|begin_of_text|>"), ("eos_token", "<|end_of_text|>")].map { ($0, AddedToken(special: $1)) }
        return words
    }
}

extension TokenizerConfiguration {
    /// The special tokens from an id on: those of `added_tokens_decoder`, with `<|reserved_token_…|>` for ids that it leaves
    /// out, as `transformers` names them; then those given, and the ones without a role.
    fileprivate func namesAfter(_ count: Int, _ given: [String], _ path: String) throws(TokenizerError) -> [String] {
        var names: [String] = []
        let stated = Dictionary(zip(addedIDs, (added ?? []).map(\.content))) { $1 }
        if let last = addedIDs.last, last >= count {
            guard last < count + Self.reservedLimit else {
                throw file["added_tokens_decoder"].malformed("the id \(last) is far beyond the \(count) ranks of \(path)")
            }
            names = (count...last).map { stated[$0] ?? "<|reserved_token_\($0)|>" }
        }
        var known = Set(names.map { Array($0.utf8) })
        for name in given + extra.map(\.content) where known.insert(Array(name.utf8)).inserted { names.append(name) }
        return names
    }

    private static let reservedLimit = 1 << 20
}

extension ByteLevelAlphabet {
    /// How a vocabulary spells bytes.
    fileprivate static func spelling(_ bytes: [UInt8]) -> String {
        var spelling = String.UnicodeScalarView()
        for byte in bytes { spelling.append(scalars[Int(byte)]) }
        return String(spelling)
    }
}
