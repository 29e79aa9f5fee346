import Foundation
import Tensor

extension Tokenizer {
    /// Writes `tokenizer.json`, `tokenizer_config.json` and, where there is a template, `chat_template.jinja`,
    /// which `AutoTokenizer` reads as a tokenizer of the same ids. Of two templates both stand in `tokenizer_config.json`.
    ///
    /// - Throws: ``Tensor/TensorFileError/system(path:_:)``
    public func writeHuggingFaceFiles(to folder: String) throws(TensorFileError) {
        func write(_ text: String, _ name: String) throws(TensorFileError) {
            try AtomicFile.write(Foundation.Data(text.utf8), to: "\(folder)/\(name)")
        }
        try write(huggingFaceTokenizer.serialized, "tokenizer.json")
        var settings: JSONObject = [
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": .bool(configuration.cleansUpSpaces && !(model is BytePairEncoding)),
            "add_bos_token": .bool(addsBOS),
        ]
        for (role, token) in configuration.roles { settings[role] = .string(token) }
        if configuration.splitsSpecialTokens { settings["split_special_tokens"] = true }
        if let toolTemplate {
            func named(_ name: String, _ template: String) -> JSON { ["name": .string(name), "template": .string(template)] }
            var templates = [named("tool_use", toolTemplate)]
            if let chatTemplate { templates.append(named("default", chatTemplate)) }
            settings["chat_template"] = .array(templates)
        }
        try write(JSON.object(settings).serialized + "\n", "tokenizer_config.json")
        if let chatTemplate, toolTemplate == nil { try write(chatTemplate, "chat_template.jinja") }
    }

    private var huggingFaceTokenizer: JSON {
        var root = definition.object ?? [:]
        root["added_tokens"] = .array(added.tokens.sorted { $0.key < $1.key }.map { Self.json($0.value, $0.key) })
        if addsBOS, root["post_processor"] == nil || root["post_processor"] == .null, let bosToken, let bosID {
            root["post_processor"] = StageDefinition.leading(bosToken, bosID)
        }
        var fields = root["model"]?.object ?? [:]
        for (name, value) in model.vocabularyFields { fields[name] = value }
        root["model"] = .object(fields)
        return .object(root)
    }

    private static func json(_ token: AddedToken, _ id: Int32) -> JSON {
        var fields: JSONObject = ["id": .integer(Int(id))]
        for (name, value) in token.json.object ?? [:] { fields[name] = value }
        return .object(fields)
    }
}
