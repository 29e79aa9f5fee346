import Tensor

extension LanguageModel {
    /// Writes the model as a GGUF file, as llama.cpp's converter does; whole or not at all. Adapters that are attached
    /// are left out, unless `replacement` merges them.
    ///
    /// - Parameters:
    ///   - elementType: the type of the matrices: float16, bfloat16, float32 or Q8_0. Norms, routers and kernels of
    ///     convolutions stay float32, and rows that are not whole blocks of Q8_0 become float16.
    ///   - name: the model's name in the file
    ///   - tokenizer: the metadata of the tokenizer, under `tokenizer.…`; without it llama.cpp reads no text
    ///   - replacement: what is written in place of a parameter, such as a weight with an adapter merged into it
    /// - Throws: ``ModelError/unsupported(_:)`` where llama.cpp has no such model, ``ModelError/beyondRange(_:weights:)``,
    ///   ``ModelError/file(_:)``
    public func writeGGUF(
        to path: String, as elementType: ElementType = .float16, name: String = "MiniMind",
        tokenizer: [(String, GGUFValue)] = [], replacement: @escaping (ParameterPlace, Tensor) -> Tensor = { $1 }
    ) throws(ModelError) {
        var (form, metadata) = try ggufForm(as: elementType, name: name)
        for (key, value) in tokenizer { metadata[key] = value }
        let parameters = WrittenParameters(
            model: self, naming: form.naming, rotaryLayout: form.rotaryLayout, normShift: configuration.normOffset,
            queryFactor: form.foldsAttentionScale ? configuration.relativeAttentionScale : 1, replacement: replacement)
        try checkRange(of: elementType) { WrittenParameters.type(of: $0, $1, as: elementType) }
        var writer = GGUFWriter(metadata: metadata)
        parameters.add(to: &writer, as: elementType)
        if let divisors = configuration.frequencyDivisors {
            writer.add(GGUFModel.frequencyDivisors, Tensor(divisors, shape: [divisors.count]), as: .float32)
        }
        if case .longRoPE(let scaling)? = configuration.ropeScaling {
            for (name, divisors) in [
                (GGUFModel.lengthDivisors.long, scaling.longDivisors), (GGUFModel.lengthDivisors.short, scaling.shortDivisors),
            ] {
                writer.add(name, Tensor(divisors, shape: [divisors.count]), as: .float32)
            }
        }
        do throws(TensorFileError) {
            try writer.write(to: path)
        } catch {
            throw .file(error)
        }
    }

    /// Looks whether ``writeGGUF(to:as:name:tokenizer:replacement:)`` could write the model.
    ///
    /// - Throws: ``ModelError/unsupported(_:)``
    package func checkGGUF(as elementType: ElementType) throws(ModelError) { _ = try ggufForm(as: elementType, name: "") }

    /// The form in which the model is written, and its settings.
    private func ggufForm(as elementType: ElementType, name: String) throws(ModelError) -> (ModelFamily.GGUF, GGUFMetadata) {
        let form = try ModelFamily.ggufForm(of: configuration)
        guard form.hasFrequencyDivisors || configuration.frequencyDivisors == nil else {
            throw .unsupported(
                "llama.cpp scales the rotary frequencies of '\(form.architecture)' by one formula alone, not one by one; write a Hugging Face folder"
            )
        }
        guard !form.headsSpanModel || configuration.queryDim == configuration.dim else {
            throw .unsupported(
                "llama.cpp takes it that the heads of a '\(form.architecture)' are together as wide as the model, but \(configuration.queryDim) are not \(configuration.dim); write a Hugging Face folder"
            )
        }
        return (form, try configuration.ggufMetadata(form, as: elementType, name: name))
    }
}

extension ModelConfiguration {
    /// The scale of attention, in multiples of the usual one.
    fileprivate var relativeAttentionScale: Float {
        let factor = scaleOfAttention * Float(headDim).squareRoot()
        return abs(factor - 1) < 1e-6 ? 1 : factor
    }

    /// The divisors of the rotary frequencies that a GGUF keeps as a tensor: `[headDim / 2]`.
    fileprivate var frequencyDivisors: [Float]? {
        switch ropeScaling {
        case nil, .linear, .yarn, .longRoPE, .dynamic: return nil
        case .divisors(let divisors): return divisors
        case .llama3:
            let plain = RotaryTable.frequencies(headDim: turnedDim, base: ropeTheta)
            return zip(plain, rotaryFrequencies).map { $0 / $1 }
        }
    }

    /// Looks whether who reads the settings computes the same.
    ///
    /// - Throws: ``ModelError/unsupported(_:)``
    private func check(_ form: ModelFamily.GGUF, _ fields: GGUFFields) throws(ModelError) {
        // Biases are known by their tensors where an architecture may have some.
        var tensors = StateDictionary()
        for role in biases {
            tensors[form.naming.parameterName(of: .layer(0, .bias(role, nil)))] = StoredTensor(shape: [1], floats: [0], as: .float32)
        }
        var read = try ModelConfiguration(
            family: family, dim: dim, layerCount: layerCount, headCount: headCount, keyValueHeadCount: keyValueHeadCount,
            headDim: headDim, vocabularySize: vocabularySize, hiddenDim: hiddenDim, contextLength: contextLength)
        (read.tiesEmbedding, read.ropeTheta) = (tiesEmbedding, ropeTheta)
        if form.hasPartialRotation { read.rotaryDim = rotaryDim }
        try form.read(fields, tensors, &read)
        var own = self
        if form.foldsAttentionScale { (own.attentionScale, read.attentionScale) = (nil, nil) }
        if let difference = own.differenceInComputation(from: read) {
            throw .unsupported(
                "llama.cpp's architecture '\(form.architecture)' does not compute \(difference); write a Hugging Face folder")
        }
    }

    fileprivate func ggufMetadata(
        _ form: ModelFamily.GGUF, as elementType: ElementType, name: String
    ) throws(ModelError) -> GGUFMetadata {
        let fileTypes: [ElementType: UInt32] = [.float32: 0, .float16: 1, .q8_0: 7, .bfloat16: 32]
        guard let fileType = fileTypes[elementType] else {
            throw .unsupported("a GGUF is written as float16, bfloat16, float32 or q8_0, not as \(elementType.rawValue)")
        }
        var fields = GGUFFields(
            metadata: [
                "general.architecture": .string(form.architecture), "general.type": .string("model"), "general.name": .string(name),
            ], architecture: form.architecture)
        fields.set("block_count", layerCount)
        fields.set("context_length", contextLength)
        fields.set("embedding_length", dim)
        fields.set("feed_forward_length", hiddenDim)
        fields.set("attention.head_count", headCount)
        fields.set("attention.head_count_kv", keyValueHeadCount)
        fields.set("attention.key_length", headDim)
        fields.set("attention.value_length", headDim)
        fields.set("attention.layer_norm_rms_epsilon", .float32(normEpsilon))
        fields.set("rope.freq_base", .float32(ropeTheta))
        fields.set("rope.dimension_count", turnedDim)
        fields.set("vocab_size", vocabularySize)
        switch ropeScaling {
        case nil, .divisors, .llama3: break
        case .dynamic:
            throw .unsupported(
                "llama.cpp has no rotary scaling whose base grows with the text ('dynamic'); write a Hugging Face folder")
        case .longRoPE(let scaling):
            guard form.hasLengthDivisors else {
                throw .unsupported(
                    "llama.cpp has no divisors for short texts and long ones ('longrope') in the architecture '\(form.architecture)'; write a Hugging Face folder"
                )
            }
            fields.set("rope.scaling.type", .string("longrope"))
            fields.set("rope.scaling.original_context_length", scaling.originalPositions)
            fields.set("rope.scaling.attn_factor", .float32(scaling.attentionFactor))
        case .linear(let factor):
            fields.set("rope.scaling.type", .string("linear"))
            fields.set("rope.scaling.factor", .float32(factor))
        case .yarn(let yarn):
            guard ropeScaling?.isSameElsewhere(headDim: turnedDim, base: ropeTheta, roundsRamp: true) ?? true else {
                throw .unsupported(
                    "this YaRN differs from that of llama.cpp for heads of \(headDim) values; write the model as a state dict")
            }
            fields.set("rope.scaling.type", .string("yarn"))
            fields.set("rope.scaling.factor", .float32(yarn.factor))
            fields.set("rope.scaling.original_context_length", yarn.originalPositions)
            // llama.cpp multiplies by its own factor in any case.
            let attention = yarn.attentionFactor / RotaryScaling.YaRN.attentionFactor(yarn.factor)
            if abs(attention - 1) > 1e-6 { fields.set("rope.scaling.attn_factor", .float32(attention)) }
            fields.set("rope.scaling.yarn_beta_fast", .float32(yarn.fastTurns))
            fields.set("rope.scaling.yarn_beta_slow", .float32(yarn.slowTurns))
        }
        try form.write(self, &fields)
        try check(form, fields)
        fields.metadata["general.file_type"] = .uint32(fileType)
        fields.metadata["general.quantization_version"] = .uint32(2)
        return fields.metadata
    }
}

extension WrittenParameters {
    /// Adds all parameters, the routed experts of a layer as one tensor `[experts, out, in]`.
    fileprivate func add(to writer: inout GGUFWriter, as elementType: ElementType) {
        for (place, tensor) in model.placedParameters {
            switch place {
            case .layer(let layer, .linear(let role, .routed(let index)?)):
                guard index == 0, let count = model.configuration.experts?.count else { continue }
                let places = (0..<count).map { ParameterPlace.layer(layer, .linear(role, .routed($0))) }
                addStacked(places, to: &writer, as: elementType)
            default: add(place, tensor, as: Self.type(of: place, tensor, as: elementType), to: &writer)
            }
        }
    }

    /// The type that a parameter has in the file.
    fileprivate static func type(of place: ParameterPlace, _ tensor: Tensor, as elementType: ElementType) -> ElementType {
        switch place {
        case .layer(_, .router), .layer(_, .convolution): return .float32
        default: break
        }
        return GGUFWriter.elementType(for: tensor.shape, weights: elementType)
    }

    private func add(_ place: ParameterPlace, _ tensor: Tensor, as elementType: ElementType, to writer: inout GGUFWriter) {
        if naming.flattensKernels, case .layer(_, .convolution) = place {
            let shape = [tensor.rows, tensor.width]
            writer.add(name(place), shape: shape, as: elementType) { () throws(TensorFileError) in
                values(place, tensor).reshaped(to: shape)
            }
            return
        }
        writer.add(name(place), shape: tensor.shape, as: elementType) { () throws(TensorFileError) in values(place, tensor) }
    }

    private func addStacked(_ places: [ParameterPlace], to writer: inout GGUFWriter, as elementType: ElementType) {
        let wanted = Set(places)
        let experts = model.placedParameters.filter { wanted.contains($0.place) }
        guard let first = experts.first else { return }
        let shape = [experts.count] + first.tensor.shape
        writer.add(name(first.place), shape: shape, as: GGUFWriter.elementType(for: shape, weights: elementType)) {
            () throws(TensorFileError) in
            let parts = experts.map { values($0.place, $0.tensor) }
            let stacked = Tensor(zeros: shape, like: parts.first { $0.precision == .float32 } ?? parts[0])
            for (index, part) in parts.enumerated() { stacked.replaceRows(from: index * part.rows, with: part) }
            return stacked
        }
    }
}
