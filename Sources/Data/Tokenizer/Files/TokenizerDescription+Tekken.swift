import Foundation
import Tensor

extension TokenizerDescription {
    /// Reads `tekken.json`, Mistral's format: a pattern, special tokens with the first ids, and ranks as tiktoken has them.
    static func tekken(_ path: String, _ context: TokenizerFileContext) throws(TokenizerError) -> TokenizerDescription {
        let field = try JSONField(contentsOf: path)
        let config = field["config"]
        let special = try tekkenSpecialTokens(field)
        var entries = try field["vocab"].elements()
        if config["default_vocab_size"].value != nil {
            // The vocabulary is longer than what is used of it.
            let size = try config["default_vocab_size"].count()
            guard size > special.count else { throw config["default_vocab_size"].malformed("leaves no room for any word") }
            entries = Array(entries.prefix(size - special.count))
        }
        var tokens: [[UInt8]] = []
        tokens.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            guard let bytes = Foundation.Data(base64Encoded: try entry["token_bytes"].string()), !bytes.isEmpty else {
                throw entry["token_bytes"].malformed("is not Base64 of any bytes")
            }
            if let rank = entry["rank"].value, rank.integer != index {
                throw entry["rank"].malformed("is not \(index), its place in the list")
            }
            tokens.append(Array(bytes))
        }
        let file = try RankFile(tokens: tokens, file: path, field: "vocab")
        var configuration = context.configuration
        let roles = [("bos_token", "<s>"), ("eos_token", "</s>"), ("pad_token", "<pad>"), ("unk_token", "<unk>")]
        let known = Set(special)
        configuration.apply(
            roles: roles.filter { known.contains($0.1) }.map { ($0, AddedToken(special: $1)) }, extra: configuration.extra)
        configuration.settleAdded([], always: true)
        // Mistral's models have seen no text without it.
        configuration.applyAddsBOS(true)
        return TokenizerDescription(
            file, path, specialCount: special.count, special: special, pattern: try config["pattern"].string(), normalizer: .null,
            configuration)
    }

    /// The special tokens by rank, with names for those without one.
    private static func tekkenSpecialTokens(_ field: JSONField) throws(TokenizerError) -> [String] {
        var tokens: [String] = []
        if field["special_tokens"].value == nil {
            tokens = firstTekkenTokens
        } else {
            var byRank: [Int: String] = [:]
            for entry in try field["special_tokens"].elements() {
                let rank = try entry["rank"].count()
                guard byRank.updateValue(try entry["token_str"].string(), forKey: rank) == nil else {
                    throw entry["rank"].malformed("is there twice")
                }
            }
            for rank in 0..<byRank.count {
                guard let token = byRank[rank] else { throw field["special_tokens"].malformed("none of them has the rank \(rank)") }
                tokens.append(token)
            }
        }
        let field = field["config"]["default_num_special_tokens"]
        guard field.value != nil else { return tokens }
        let count = try field.count()
        guard tokens.count...specialTokenLimit ~= count else {
            throw field.malformed("is not a number of tokens from \(tokens.count) to \(specialTokenLimit)")
        }
        return tokens + (tokens.count..<count).map { "<SPECIAL_\($0)>" }
    }

    private static let specialTokenLimit = 1 << 16

    /// Those of the first files, which did not list them.
    private static let firstTekkenTokens = [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]",
        "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]",
        "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
    ]
}

extension JSONField {
    /// A number of things, or the place of one.
    fileprivate func count() throws(TokenizerError) -> Int {
        guard let count = value?.integer, 0...Int(Int32.max) ~= count else {
            throw malformed(value == nil ? "is missing" : "is not a number of tokens")
        }
        return count
    }
}
