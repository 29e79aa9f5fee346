import Foundation
import Tensor

extension TokenizerDescription {
    /// Reads `vocab.json` and the `merges.txt` beside it: GPT-2's format, and that of its descendants.
    static func vocabularyAndMerges(_ path: String, _ context: TokenizerFileContext) throws(TokenizerError) -> TokenizerDescription {
        let known = try context.known(.bpe, for: path)
        let merges = try mergeLines((path as NSString).deletingLastPathComponent + "/merges.txt")
        let vocabulary = try JSONField(contentsOf: path)
        let object = try vocabulary.object()
        return try built(
            by: known, context, name: path, vocabulary: object.keys.count, id: { object[$0]?.integer }
        ) { fields in
            fields["vocab"] = vocabulary.value
            fields["merges"] = .array(merges)
        }
    }

    /// Reads `vocab.txt`, a word piece a line.
    static func wordPieces(_ path: String, _ context: TokenizerFileContext) throws(TokenizerError) -> TokenizerDescription {
        let known = try context.known(.wordPiece, for: path)
        var vocabulary = JSONObject()
        for (id, line) in try lines(of: path).enumerated() {
            // As the library reads it: white space at the end is not part of a piece, and of two alike the last counts.
            vocabulary[trimmed(line)] = .integer(id)
        }
        guard !vocabulary.keys.isEmpty else { throw .malformed(file: path, field: "the whole file", reason: "is empty") }
        return try built(
            by: known, context, name: path, vocabulary: vocabulary.keys.count, id: { vocabulary[$0]?.integer }
        ) { $0["vocab"] = .object(vocabulary) }
    }

    /// What a class makes of a vocabulary without `tokenizer.json`.
    ///
    /// - Parameter fill: Puts vocabulary and merges into the `model` field.
    private static func built(
        by known: TransformersClass, _ context: TokenizerFileContext, name: String, vocabulary count: Int,
        id: @escaping (String) -> Int?, _ fill: (inout JSONObject) -> Void
    ) throws(TokenizerError) -> TokenizerDescription {
        let configuration = try context.configuration(of: known, listed: [], found: nil)
        let recipe = try known.recipe(
            TransformersSettings(file: configuration.file, configuration: configuration, charsmap: nil, indexOfPiece: { _, _ in nil }))
        var options = recipe.options
        fill(&options)
        let ids = AddedTokenIDs(listed: [], configuration, count, id)
        return TokenizerDescription(
            definition: recipe.definition(file: name, options, configuration, ids), added: [], configuration: configuration)
    }

    /// The merges of `merges.txt` as `tokenizer.json` has them.
    private static func mergeLines(_ path: String) throws(TokenizerError) -> [JSON] {
        guard TokenizerFile.exists(path) else {
            throw .unreadable(file: path, reason: "there is no such file, and vocab.json beside it is of no use without")
        }
        return try lines(of: path).map { .string(String(decoding: $0, as: UTF8.self)) }
    }

    /// The lines of a text, without their ends.
    private static func lines(of path: String) throws(TokenizerError) -> [ArraySlice<UInt8>] {
        let bytes = Array(try JSONField.bytes(of: path))
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformed(file: path, field: "the whole file", reason: "is not UTF-8")
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> String {
        var scalars = Substring(String(decoding: line, as: UTF8.self)).unicodeScalars
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(scalars)
    }
}

extension TransformersRecipe {
    /// `tokenizer.json` of a recipe.
    ///
    /// - Parameter options: The `model` field.
    func definition(file: String, _ options: JSONObject, _ configuration: TokenizerConfiguration, _ ids: AddedTokenIDs) -> JSONField {
        let root: JSONObject = [
            "version": "1.0", "truncation": nil, "padding": nil, "normalizer": normalizer, "pre_tokenizer": preTokenizer,
            "post_processor": postProcessor.definition(kept: .null, configuration, ids, asksByFile: true), "decoder": decoder,
            "model": .object(options),
        ]
        return JSONField(file: file, path: "", value: .object(root))
    }
}

extension TokenizerFileContext {
    /// The class that reads a file that is not `tokenizer.json`.
    ///
    /// - Throws: ``TokenizerError/unsupported(file:field:reason:)`` where nothing says which it is, or where it has a model
    ///   of another kind.
    func known(_ model: TransformersClass.Model, for file: String) throws(TokenizerError) -> TransformersClass {
        guard case .known(let known) = try TransformersRules.reader(evidence, isByteLevel: false) else {
            throw evidence.unknownClass(for: file)
        }
        guard known.model == model else {
            throw evidence.configuration["tokenizer_class"].unsupported(
                "'\(known.rawValue)' has a model of the kind \(known.model.rawValue), which \((file as NSString).lastPathComponent) is not")
        }
        return known
    }
}

extension TransformersRules.Evidence {
    /// The complaint that nothing says how a vocabulary is meant.
    func unknownClass(for file: String) -> TokenizerError {
        let said = namedClass.map { "the class '\($0.oneLine)'" } ?? modelType.map { "the model type '\($0.oneLine)'" }
        return configuration["tokenizer_class"].unsupported(
            (said.map { "\($0) does not say" } ?? "nothing says")
                + " how the text for \((file as NSString).lastPathComponent) is cut into words; name the class, such as GPT2Tokenizer, "
                + "or convert to tokenizer.json")
    }
}
