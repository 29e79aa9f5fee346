import Tensor

/// The name of a tensor in a file of PEFT: a module, what of it the tensor is, and the adapter's name where it is still there,
/// `….lora_A.weight` in a file, `….lora_A.default.weight` in a model.
struct PEFTKey: Equatable {
    enum Part: Equatable {
        /// A factor of a linear layer, or the magnitude.
        case factor(AdapterContents.Factors.Part)
        /// A factor of an embedding.
        case embeddingFactor(AdapterContents.Factors.Part)
        /// Rows of some tokens.
        case rows
        /// A parameter of the module below an adapter, which is not trained.
        case base
        /// A parameter of a module that is trained whole; whether the key itself says so.
        case whole(isSaid: Bool)
        /// What a module that is trained whole was before.
        case untrained
    }

    /// The whole name.
    let name: String
    let module: String
    let part: Part
    let adapterName: Substring?
    private let ending: Substring

    /// The parameter's name in the base.
    var parameter: String { "\(module).\(ending)" }

    /// - Returns: `nil` where it is none of PEFT's for LoRA
    init?(_ name: String) {
        self.name = name
        let words = name.withoutWrapperPrefixes.split(separator: ".", omittingEmptySubsequences: false)
        let marks: [Substring: Part] = [
            "lora_A": .factor(.a), "lora_B": .factor(.b), "lora_magnitude_vector": .factor(.magnitude),
            "lora_embedding_A": .embeddingFactor(.a), "lora_embedding_B": .embeddingFactor(.b), "trainable_tokens_delta": .rows,
            "modules_to_save": .whole(isSaid: true), "base_layer": .base, "original_module": .untrained,
        ]
        if let place = words.lastIndex(where: { marks[$0] != nil }), place > 0, let part = marks[words[place]] {
            self.part = part
            // Adapters of two kinds on one module stand one in the other.
            let outer = words[..<place].filter { !["token_adapter", "base_layer"].contains($0) }
            module = outer.joined(separator: ".")
            var rest = words[(place + 1)...]
            switch part {
            case .factor(.a), .factor(.b):
                guard rest.popLast() == "weight", rest.count <= 1 else { return nil }
                (adapterName, ending) = (rest.first ?? "", "weight")
            case .factor(.magnitude), .embeddingFactor, .rows:
                if rest.last == "weight" { rest.removeLast() }
                guard rest.count <= 1 else { return nil }
                (adapterName, ending) = (rest.first ?? "", "weight")
            case .base, .whole, .untrained:
                guard let last = rest.popLast(), ["weight", "bias"].contains(last), rest.count <= (part == .base ? 0 : 1) else {
                    return nil
                }
                (adapterName, ending) = (rest.first, last)
            }
        } else {
            guard words.count > 1, let last = words.last, ["weight", "bias"].contains(last) else { return nil }
            (part, adapterName, ending) = (.whole(isSaid: false), nil, last)
            module = words.dropLast().joined(separator: ".")
        }
        guard !module.isEmpty else { return nil }
    }
}
