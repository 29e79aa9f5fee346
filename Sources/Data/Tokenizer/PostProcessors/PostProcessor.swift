import Tensor

/// The `post_processor` field: what stands around a text. Of it only the first token is of use here: whether
/// a text begins with the bos token.
enum PostProcessor {
    /// The token that a `TemplateProcessing`, alone or in a sequence, puts before a text.
    static func leadingToken(_ field: JSONField) -> String? {
        for stage in field["processors"].value?.array ?? (field.value.map { [$0] } ?? [])
        where stage["type"]?.string == "TemplateProcessing" {
            return stage["single"]?.array?.first?["SpecialToken"]?["id"]?.string
        }
        return nil
    }

    /// The field that puts a token before a text.
    static func leading(_ token: String, _ id: Int32) -> JSON {
        func special(_ type: Int) -> JSON { ["SpecialToken": ["id": .string(token), "type_id": .integer(type)]] }
        func text(_ name: String, _ type: Int) -> JSON { ["Sequence": ["id": .string(name), "type_id": .integer(type)]] }
        var tokens = JSONObject()
        tokens[token] = ["id": .string(token), "ids": [.integer(Int(id))], "tokens": [.string(token)]]
        return [
            "type": "TemplateProcessing", "single": [special(0), text("A", 0)],
            "pair": [special(0), text("A", 0), special(1), text("B", 1)], "special_tokens": .object(tokens),
        ]
    }
}
