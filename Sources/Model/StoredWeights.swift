import Tensor

/// The weights of a model as a file holds them.
public struct StoredWeights: Sendable {
    /// The tensors, under the file's names.
    public let tensors: StateDictionary
    /// What the parameters are called there.
    public let naming: ParameterNaming
    /// How the rows of queries and keys stand there: beside each other in the pairs that turn together, or
    /// half a head apart.
    public let rotaryLayout: RotaryLayout
    /// By how much the weights of norms are larger in the file than in the model: a GGUF keeps `1 + w` where a norm
    /// multiplies by that.
    public let normShift: Float
    /// How a folder of transformers or MLX packs them, in words: `GPTQ 4-bit, groups of 128`. `nil` where it does not.
    public let packing: String?

    /// Weights of a file that is read already.
    public init(
        _ tensors: StateDictionary, naming: ParameterNaming, rotaryLayout: RotaryLayout, normShift: Float = 0, packing: String? = nil
    ) {
        self.normShift = normShift
        self.packing = packing
        self.tensors = tensors
        self.naming = naming
        self.rotaryLayout = rotaryLayout
    }

    /// The tensor of a parameter, and the name it has in the file.
    ///
    /// - Throws: ``ModelError/missingWeight(name:)``
    func tensor(_ place: ParameterPlace) throws(ModelError) -> (name: String, stored: StoredTensor) {
        let name = naming.parameterName(of: place)
        guard let stored = tensors[name] else { throw .missingWeight(name: name) }
        // The experts of a layer are one tensor in a GGUF.
        if naming.stacksExperts, case .layer(_, .linear(_, .routed(let expert)?)) = place, let slice = stored.slice(expert) {
            return (name, slice)
        }
        // Kernels of a convolution have one dimension less in a GGUF.
        if naming.flattensKernels, case .layer(_, .convolution) = place, stored.shape.count == 2, let kernels = stored.withColumnDimension {
            return (name, kernels)
        }
        return (name, stored)
    }

    /// Names that no model has a place for although published files carry them: what was once kept beside the
    /// parameters.
    package static func isBuffer(_ name: String) -> Bool {
        [
            "mask", "pos_cis", "freqs_cos", "freqs_sin", "rotary_emb.inv_freq", "rope.freqs", "rope_freqs.weight",
            "rope_factors_short.weight",
            "rope_factors_long.weight",
        ].contains { name.hasSuffix($0) }
    }
}

extension RotaryLayout {
    /// The order that puts rows of this layout into another: for each new row the old one. Within a head,
    /// `new[j] = old[2j]` and `new[j + turned / 2] = old[2j + 1]` from interleaved to rotate-half.
    ///
    /// - Parameter turned: how many rows of a head turn, the first ones; the others stay
    /// - Returns: `[heads * headDim]`; `nil` where the layouts are one
    func rowOrder(to layout: RotaryLayout, heads: Int, headDim: Int, turned: Int) -> [Int32]? {
        guard layout != self else { return nil }
        let half = turned / 2
        return (0..<heads).flatMap { head in
            (0..<headDim).map { row in
                let moved = self == .interleaved ? row % half * 2 + row / half : row % 2 * half + row / 2
                let source = row < turned ? moved : row
                return Int32(head * headDim + source)
            }
        }
    }
}

extension ModelConfiguration {
    /// The order that puts the output rows of a linear layer, or the rows of its LoRA B, from one layout of
    /// heads into another; `nil` where they stay.
    package func rowOrder(of place: ParameterPlace, from source: RotaryLayout, to target: RotaryLayout) -> [Int32]? {
        func order(heads: Int) -> [Int32]? { source.rowOrder(to: target, heads: heads, headDim: headDim, turned: turnedDim) }
        func queryOrder() -> [Int32]? {
            // A head's gate stays after its queries.
            source.rowOrder(to: target, heads: headCount, headDim: queryWidth / headCount, turned: turnedDim)
        }
        switch place {
        case .layer(_, .linear(.query, _)), .layer(_, .bias(.query, _)): return queryOrder()
        case .layer(_, .linear(.key, _)), .layer(_, .bias(.key, _)): return order(heads: keyValueHeadCount)
        case .layer(_, .linear(.queryKeyValue, _)), .layer(_, .bias(.queryKeyValue, _)):
            // The heads of the queries, those of the keys, and the values as they are.
            guard let queries = queryOrder(), let keys = order(heads: keyValueHeadCount) else { return nil }
            let values = queryWidth + keyValueDim
            return queries + keys.map { $0 + Int32(queryWidth) } + (values..<values + keyValueDim).map(Int32.init)
        default: return nil
        }
    }
}
