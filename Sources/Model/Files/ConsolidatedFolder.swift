import Foundation
import Tensor

/// A folder as Meta and Mistral publish their models: `params.json` beside weights in one file, under Meta's names and with
/// the rows of queries and keys that turn together beside each other.
enum ConsolidatedFolder {
    private static let settingsName = "params.json"
    private static let weightNames = ["consolidated.00.pth", "consolidated.safetensors"]

    /// The folder that a path names, or whose weights or settings it names; `nil` where it names something else.
    static func folder(of path: String, isFolder: Bool) -> String? {
        let name = (path as NSString).lastPathComponent
        let folder = isFolder ? path.withoutLastSlash : path.openableFolder
        guard isFolder || name == settingsName || isWeights(name) else { return nil }
        guard HuggingFaceFolder.has(settingsName, in: folder), !weights(in: folder).isEmpty else { return nil }
        return folder
    }

    private static func isWeights(_ name: String) -> Bool {
        name.hasPrefix("consolidated") && [".pth", ".safetensors"].contains { name.hasSuffix($0) }
    }

    private static func weights(in folder: String) -> [String] {
        folder.namesInFolder.filter(isWeights)
    }

    /// The configuration and the weights, mapped and not read.
    static func read(_ folder: String) throws(ModelError) -> (HuggingFaceConfiguration, StoredWeights) {
        let files = weights(in: folder)
        guard files.count == 1, let name = files.first, weightNames.contains(name) else {
            throw .inFile(
                path: folder,
                .unsupported(
                    "the weights lie in \(files.count) parts (\(files.prefix(2).joined(separator: ", "))\(files.count > 2 ? ", …" : "")); "
                        + "take the model in the form of Hugging Face, or convert it with the script convert_llama_weights_to_hf of transformers"
                ))
        }
        let tensors: StateDictionary
        do throws(TensorFileError) {
            tensors = try TensorFile.read("\(folder)/\(name)").withoutWrapperPrefixes
        } catch {
            throw .file(error)
        }
        let path = "\(folder)/\(settingsName)"
        let json = try HuggingFaceFolder.json(path)
        do throws(ModelError) {
            let settings = try settings(json, shownBy: tensors)
            var configuration = try HuggingFaceConfiguration(settings)
            configuration.model.tiesEmbedding = tensors.tiesOutput(.classic)
            return (configuration, StoredWeights(tensors, naming: .classic, rotaryLayout: .interleaved))
        } catch {
            throw .inFile(path: path, error)
        }
    }

    // MARK: Settings

    /// The keys that are read, and those that say nothing of what is computed.
    private static let known: Set<String> = [
        "dim", "n_layers", "n_heads", "n_kv_heads", "head_dim", "hidden_dim", "multiple_of", "ffn_dim_multiplier", "norm_eps", "rope_theta",
        "use_scaled_rope", "rope_scaling_factor", "vocab_size", "sliding_window", "max_seq_len", "max_position_embeddings",
        "max_batch_size", "model_parallel_size", "tied_embeddings",
    ]

    /// The settings of the same model in the form of transformers. The width inside a feed-forward layer and the vocabulary are
    /// those of the weights, as older files say the vocabulary by -1.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` for a key that is not known
    private static func settings(_ json: JSON, shownBy weights: StateDictionary) throws(ModelError) -> JSON {
        guard let object = json.object else { throw .configuration("the settings are not a JSON object") }
        if let key = object.keys.first(where: { !known.contains($0) && !isOff(object[$0]) }) {
            throw .unsupported(
                "'\(key.prefix(40))' is not known in settings of this form; take the model in the form of Hugging Face")
        }
        let fields = ConfigurationFields(json)
        let sizes = try ShownSizes(weights, .classic, kind: "model of this form")
        if let vocabulary = try fields.integer("vocab_size"), vocabulary > 0, vocabulary != sizes.vocabulary {
            throw .configuration("'vocab_size' is \(vocabulary), and the embedding has \(sizes.vocabulary) rows")
        }
        let heads = try fields.needed("n_heads")
        let isMistral = fields["hidden_dim"] != nil || fields["head_dim"] != nil || fields["sliding_window"] != nil
        var settings: JSONObject = [
            "model_type": .string(isMistral ? "mistral" : "llama"), "hidden_size": .integer(try fields.needed("dim")),
            "num_hidden_layers": .integer(try fields.needed("n_layers")), "num_attention_heads": .integer(heads),
            "num_key_value_heads": .integer(try fields.integer("n_kv_heads") ?? heads),
            "intermediate_size": .integer(try fields.integer("hidden_dim") ?? sizes.hiddenDim), "vocab_size": .integer(sizes.vocabulary),
            "rms_norm_eps": .number(try fields.number("norm_eps")?.shortest ?? 1e-5), "hidden_act": "silu",
        ]
        let theta = try fields.number("rope_theta")?.shortest ?? 10000
        settings["rope_theta"] = .number(theta)
        if let headDim = try fields.integer("head_dim") { settings["head_dim"] = .integer(headDim) }
        if isMistral { settings["sliding_window"] = try fields.integer("sliding_window").map(JSON.integer) ?? .null }
        var positions = theta > 10000 ? 8192 : 4096
        if try fields.bool("use_scaled_rope") == true {
            // Meta's code has the factor, not its files: 32 for Llama 3.2, whose small models tie their output, else 8.
            let factor = try fields.number("rope_scaling_factor")?.shortest ?? (weights.tiesOutput(.classic) ? 32 : 8)
            settings["rope_scaling"] = [
                "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                "original_max_position_embeddings": 8192,
            ]
            positions = 131072
        }
        settings["max_position_embeddings"] = .integer(
            try fields.integer("max_position_embeddings", "max_seq_len") ?? (isMistral ? 32768 : positions))
        settings.set(tokens(vocabulary: sizes.vocabulary), .bfloat16)
        return .object(settings)
    }

    /// Whether a value switches nothing on.
    private static func isOff(_ value: JSON?) -> Bool { [nil, .null, .bool(false), .object([:])].contains(value) }

    /// The ids of special tokens as published with vocabularies of these sizes.
    private static func tokens(vocabulary: Int) -> SpecialTokens {
        switch vocabulary {
        case 128_256: SpecialTokens(beginning: 128_000, ends: [128_001, 128_008, 128_009], padding: nil)
        case 32_000, 32_016, 32_768: SpecialTokens(beginning: 1, ends: [2], padding: nil)
        default: SpecialTokens(beginning: nil, ends: [], padding: nil)
        }
    }
}
