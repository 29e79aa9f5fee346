import Foundation
import Tensor

/// The settings beside a state dict: `NAME.json` beside `NAME.pth`, or the folder's `config.json`, both in the form of
/// transformers. Its keys and shapes do not say what they say.
enum ModelSettings {
    /// Where the settings of a state dict stand.
    static func path(of weights: String) -> String {
        let endings = [".pth", ".pt", ".bin", ".safetensors"]
        let ending = endings.first { weights.hasSuffix($0) } ?? ""
        return weights.dropLast(ending.count) + ".json"
    }

    /// The settings beside a state dict, and the file that holds them; `nil` for a state dict without settings.
    ///
    /// - Throws: ``ModelError`` with the path, where a file of that name is not readable
    static func beside(_ weights: String) throws(ModelError) -> (path: String, json: JSON)? {
        for path in [path(of: weights), "\(weights.openableFolder)/\(HuggingFaceFolder.configurationName)"]
        where FileManager.default.fileExists(atPath: path) {
            let json = try HuggingFaceFolder.json(path)
            if areSettings(json) { return (path, json) }
        }
        return nil
    }

    /// Refuses to write settings where something else stands.
    ///
    /// - Throws: ``ModelError/inFile(path:_:)``
    static func checkReplaceable(beside weights: String) throws(ModelError) {
        let path = path(of: weights)
        guard FileManager.default.fileExists(atPath: path) else { return }
        if let json = try? HuggingFaceFolder.json(path), areSettings(json) { return }
        throw .inFile(
            path: path,
            .unsupported("the model's settings go here, and this file holds something else; move it, or save the model under another name"))
    }

    /// Whether an object says which model weights belong to, and is not about something else.
    private static func areSettings(_ json: JSON) -> Bool {
        ["model_type", "architectures", "hidden_size", "dim"].contains { json[$0] != nil }
    }
}

extension ModelConfiguration {
    /// The settings that belong beside a state dict of the model.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where a model could not be known by them again
    func settings(tokens: SpecialTokens, as elementType: ElementType) throws(ModelError) -> JSON {
        guard family.isMiniMind else {
            guard let form = family.huggingFace else { throw .unsupported("\(family.name) has no settings of transformers") }
            return try HuggingFaceConfiguration.json(self, form: form, tokens: tokens, as: elementType)
        }
        var json = minimindSettings()
        json.set(tokens, elementType)
        // What has no place in the class's settings would be lost.
        var read = try HuggingFaceConfiguration(.object(json)).model
        read.tiesEmbedding = tiesEmbedding
        // The class of that generation scales nothing: it is asked for each time that the model is read.
        if generation == .v2Classic, ropeScaling == .yarn(.minimind) { read.ropeScaling = ropeScaling }
        guard read == self else { throw .unsupported("MiniMind's settings do not say all that this model is") }
        return .object(json)
    }
}

extension JSONObject {
    /// Adds the ids of special tokens, and the type of the weights, as all classes have them.
    mutating func set(_ tokens: SpecialTokens, _ elementType: ElementType) {
        self["bos_token_id"] = tokens.beginning.map(JSON.integer) ?? .null
        self["eos_token_id"] = tokens.endsJSON
        self["pad_token_id"] = tokens.padding.map(JSON.integer) ?? .null
        self["torch_dtype"] = .string(elementType.rawValue)
    }
}
