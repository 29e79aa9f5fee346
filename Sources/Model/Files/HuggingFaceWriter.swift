import Foundation
import Tensor

extension SpecialTokens {
    var endsJSON: JSON {
        switch ends.count {
        case 0: .null
        case 1: .integer(ends[0])
        default: .array(ends.map(JSON.integer))
        }
    }

    fileprivate var generationJSON: JSON {
        var json = JSONObject()
        if let beginning { json["bos_token_id"] = .integer(beginning) }
        if !ends.isEmpty { json["eos_token_id"] = endsJSON }
        if let padding { json["pad_token_id"] = .integer(padding) }
        return .object(json)
    }
}

extension LanguageModel {
    /// The files of a tokenizer, and of the settings that go with it, which a folder takes along.
    private static let tokenizerFiles =
        HuggingFaceFolder.tokenizerNames + [
            "merges.txt", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json", "added_tokens.json",
            "generation_config.json",
        ]

    /// Writes the model as a folder that transformers, vLLM, llama.cpp's converter and others read; whole or not at
    /// all. Of tensors that are converted no more than one is held. Adapters that are attached are left out, unless
    /// `replacement` merges them.
    ///
    /// A folder that is there already is replaced where it holds nothing but a model.
    ///
    /// - Parameters:
    ///   - elementType: the type of the weights: float16, bfloat16 or float32
    ///   - tokens: the ids that the configuration names
    ///   - tokenizerFolder: where the files of a tokenizer, and of the settings that go with it, are copied from
    ///   - shardSize: the most bytes of weights in a file, as far as a tensor fits in
    ///   - replacement: what is written in place of a parameter, such as a weight with an adapter merged into it
    /// - Returns: the class that the folder is for, such as `LlamaForCausalLM`. `MiniMindForCausalLM`, of the mixtures of experts
    ///   of 2025, is not one of transformers' own: whoever loads it there needs MiniMind's code.
    /// - Throws: ``ModelError/unsupported(_:)`` where no class computes the same, ``ModelError/beyondRange(_:weights:)``,
    ///   ``ModelError/file(_:)``
    @discardableResult
    public func writeHuggingFaceFolder(
        to folder: String, as elementType: ElementType = .float16, tokens: SpecialTokens = .minimind,
        tokenizerFolder: String? = nil, shardSize: Int = 5_000_000_000,
        replacement: @escaping (ParameterPlace, Tensor) -> Tensor = { $1 }
    ) throws(ModelError) -> String {
        guard [.float32, .float16, .bfloat16].contains(elementType) else {
            throw .unsupported("weights are written as float16, bfloat16 or float32, not as \(elementType.rawValue)")
        }
        let form = try ModelFamily.huggingFaceForm(of: configuration)
        let json = try HuggingFaceConfiguration.json(configuration, tokens: tokens, as: elementType)
        try checkRange(of: elementType)
        let parameters = WrittenParameters(model: self, naming: form.naming, rotaryLayout: form.rotaryLayout, replacement: replacement)
        do throws(TensorFileError) {
            try AtomicFolder.write(to: folder, replacing: Self.isPartOfModel) { (folder) throws(TensorFileError) in
                try parameters.writeShards(to: folder, as: elementType, shardSize: shardSize)
                try Self.write(tokens.generationJSON, to: "\(folder)/generation_config.json")
                if let tokenizerFolder { try Self.copyTokenizer(from: tokenizerFolder, to: folder) }
                try Self.write(json, to: "\(folder)/\(HuggingFaceFolder.configurationName)")
            }
        } catch {
            throw .file(error)
        }
        return form.className
    }

    /// Looks whether ``writeHuggingFaceFolder(to:as:tokens:tokenizerFolder:shardSize:replacement:)`` could write the model.
    ///
    /// - Throws: as that
    package func checkHuggingFaceFolder(_ folder: String, as elementType: ElementType, tokens: SpecialTokens) throws(ModelError) {
        _ = try HuggingFaceConfiguration.json(configuration, tokens: tokens, as: elementType)
        do throws(TensorFileError) {
            try AtomicFolder.checkWritable(folder, replacing: Self.isPartOfModel)
        } catch {
            throw .file(error)
        }
    }

    /// Whether a file belongs to a folder of a model, which another takes the place of.
    private static func isPartOfModel(_ name: String) -> Bool {
        if tokenizerFiles.contains(name) || [HuggingFaceFolder.configurationName, "model.safetensors.index.json"].contains(name) {
            return true
        }
        return name.hasPrefix("model") && name.hasSuffix(".safetensors")
    }

    private static func write(_ json: JSON, to path: String) throws(TensorFileError) {
        try AtomicFile.write(Foundation.Data((json.indented + "\n").utf8), to: path)
    }

    private static func copyTokenizer(from source: String, to folder: String) throws(TensorFileError) {
        for name in tokenizerFiles where HuggingFaceFolder.has(name, in: source) {
            try AtomicFile.write(try TensorFile.pages(of: "\(source)/\(name)"), to: "\(folder)/\(name)")
        }
    }
}

extension WrittenParameters {
    /// One file, or several with an index, each of `shardSize` bytes at the most where a tensor allows it.
    fileprivate func writeShards(to folder: String, as elementType: ElementType, shardSize: Int) throws(TensorFileError) {
        let metadata = ["format": "pt"]
        var shards: [SafetensorsWriter] = [SafetensorsWriter(metadata: metadata)]
        for (place, tensor) in model.placedParameters {
            let size = tensor.count * elementType.size
            let used = shards[shards.count - 1].byteCount
            if used > 0, used + size > shardSize { shards.append(SafetensorsWriter(metadata: metadata)) }
            shards[shards.count - 1].add(name(place), shape: tensor.shape, as: elementType) { () throws(TensorFileError) in
                values(place, tensor)
            }
        }
        guard shards.count > 1 else { return try shards[0].write(to: "\(folder)/model.safetensors") }
        var map = JSONObject()
        for (index, shard) in shards.enumerated() {
            let name = "model-\(Self.padded(index + 1))-of-\(Self.padded(shards.count)).safetensors"
            try shard.write(to: "\(folder)/\(name)")
            for tensor in shard.names { map[tensor] = .string(name) }
        }
        let index: JSON = [
            "metadata": ["total_size": .integer(shards.reduce(0) { $0 + $1.byteCount })], "weight_map": .object(map),
        ]
        try AtomicFile.write(Foundation.Data((index.indented + "\n").utf8), to: "\(folder)/model.safetensors.index.json")
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
    }
}
