import Tensor

/// The ids that special tokens will have, for the templates in which they stand.
struct AddedTokenIDs {
    private var ids: [[UInt8]: Int] = [:]
    private let find: (String) -> Int?

    /// - Parameters:
    ///   - listed: The tokens that a file lists, which come first.
    ///   - count: The number of tokens in the vocabulary.
    ///   - find: The id of a token of the vocabulary.
    init(listed: [AddedToken], _ configuration: TokenizerConfiguration, _ count: Int, _ find: @escaping (String) -> Int?) {
        self.find = find
        var next = count
        // In the order in which they are added: `AddedVocabulary.add(_:to:)`.
        for token in listed + (configuration.added ?? []) + configuration.named + configuration.extra where !token.content.isEmpty {
            let key = Array(token.content.utf8)
            guard ids[key] == nil else { continue }
            let id = find(token.content) ?? next
            ids[key] = id
            // Greater ids are refused where the vocabulary is read.
            next = max(next, min(id, Int(Int32.max)) + 1)
        }
    }

    subscript(token: String) -> Int? { ids[Array(token.utf8)] ?? find(token) }
}

extension TransformersRecipe.PostProcessor {
    /// The `post_processor` field.
    ///
    /// - Parameters:
    ///   - kept: That of `tokenizer.json`.
    ///   - asksByFile: Whether `add_bos_token` and `add_eos_token` of the settings count, as they do where there is no
    ///     `tokenizer.json`.
    func definition(kept: JSON, _ configuration: TokenizerConfiguration, _ ids: AddedTokenIDs, asksByFile: Bool) -> JSON {
        func role(_ name: String) -> String { configuration.token(name + "_token") ?? "" }
        func pair(_ token: String, _ id: Int? = nil) -> JSON { .array([.string(token), .integer(id ?? ids[token] ?? 0)]) }
        func asked(_ addsBOS: Bool) -> JSON {
            let file = configuration.file
            let adds = (
                bos: (asksByFile ? file["add_bos_token"].value?.bool : nil) ?? addsBOS,
                eos: (asksByFile ? file["add_eos_token"].value?.bool : nil) ?? false
            )
            let (bos, eos) = (adds.bos ? configuration.token("bos_token") : nil, adds.eos ? configuration.token("eos_token") : nil)
            func stages(_ text: String) -> String { [bos == nil ? "" : "bos", text, eos == nil ? "" : "eos"].joined(separator: " ") }
            func typed(_ text: String) -> String {
                [bos == nil ? "" : "bos:1", text + ":1", eos == nil ? "" : "eos:1"].joined(separator: " ")
            }
            return Self.template(stages("A"), stages("A") + " " + typed("B"), configuration, ids)
        }
        let isAsked = asksByFile && ["add_bos_token", "add_eos_token"].contains { configuration.file[$0].value != nil }
        switch self {
        case .kept: return kept == .null || isAsked ? asked(false) : kept
        case .asked(let addsBOS): return asked(addsBOS)
        case .template(let single, let pair): return Self.template(single, pair, configuration, ids)
        case .replacement(let single, let pair):
            return kept == .null ? asked(false) : Self.template(single, pair, configuration, ids)
        case .fallback(let single, let pair):
            return isAsked ? asked(false) : kept == .null ? Self.template(single, pair, configuration, ids) : kept
        case .fallbackStage(let stage): return isAsked ? asked(false) : kept == .null ? stage : kept
        case .roberta(let sep, let cls, let trimsOffsets, let addsPrefixSpace):
            return [
                "type": "RobertaProcessing", "sep": pair(role(sep)), "cls": pair(role(cls)), "trim_offsets": .bool(trimsOffsets),
                "add_prefix_space": .bool(addsPrefixSpace),
            ]
        case .bert(let sep, let cls):
            return ["type": "BertProcessing", "sep": pair(role(sep.role), sep.id), "cls": pair(role(cls.role), cls.id)]
        }
    }

    private static func template(
        _ single: String, _ pair: String, _ configuration: TokenizerConfiguration, _ ids: AddedTokenIDs
    ) -> JSON {
        var known: [String: Int32] = [:]
        func stages(_ text: String) -> [StageDefinition.TemplatePart] {
            text.split(separator: " ").map { word in
                let parts = word.split(separator: ":")
                let name = String(parts[0])
                let type = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
                guard name != "A", name != "B" else { return (name, isText: true, type) }
                // T5's templates write the end so, whatever its token.
                let spelling = name == "</s>" ? name : nil
                let token = configuration.token((spelling == nil ? name : "eos") + "_token") ?? name
                let unknown = configuration.token("unk_token").flatMap { ids[$0] }
                known[spelling ?? token] = (ids[token] ?? unknown).flatMap { Int32(exactly: $0) } ?? 0
                return (spelling ?? token, isText: false, type)
            }
        }
        let (single, pair) = (stages(single), stages(pair))
        return StageDefinition.template(single: single, pair: pair, ids: known)
    }
}
