import Model
import Tensor

extension AdapterFormat {
    /// What multiplies a module's `B A` in the format's own terms: the scale, or llama.cpp's alpha; `nil` for
    /// PEFT, which has one for each module.
    func factor(_ module: AdapterState.Module) -> Float? {
        switch self {
        case .peft: nil
        case .minimind, .mlx: module.scale
        case .gguf: module.scale * Float(module.rank)
        }
    }

    /// The one factor that the file has for all modules.
    func reference(_ modules: [AdapterState.Module]) -> Float {
        switch self {
        case .minimind, .peft: 1
        case .mlx: modules.first.map { first in modules.allSatisfy { $0.scale == first.scale } ? first.scale : 1 } ?? 1
        // An alpha of 0 would mean none.
        case .gguf: modules.lazy.compactMap(factor).first { $0 != 0 } ?? Float(modules.first?.rank ?? 1)
        }
    }
}

extension AdapterState {
    /// The modules as a file of the format has them: in the order of the model, and with the rows of queries and
    /// keys in the file's layout.
    ///
    /// - Throws: ``AdapterFileError`` for a module that the model does not have, or the format has no place for
    func modules(
        for configuration: ModelConfiguration, as format: AdapterFormat, _ layout: RotaryLayout
    ) throws(AdapterFileError) -> [Module] {
        guard !isEmpty else { throw .cannotWrite(format, "the adapter has no modules") }
        guard start == .standard else { throw .cannotWrite(format, "\(start.needOfBase); put it on its base and write LoRAAdapter.state") }
        try checkWholeParts(for: configuration, as: format)
        let naming = configuration.huggingFaceNaming
        let places = configuration.adaptedPlaces(vocabularySize: vocabularySize(of: configuration.vocabularySize))
        let shapes = Dictionary(uniqueKeysWithValues: places.map { ($0.place, $0.shape) })
        var found: [ParameterPlace: Module] = [:]
        for module in modules {
            let name = naming.moduleName(of: module.place)
            guard let layer = shapes[module.place] else { throw .unknownModule(name) }
            guard module.a.shape.count == 2, module.b.shape.count == 2, module.a.shape[1] == layer[1], module.b.shape[0] == layer[0],
                module.rank > 0, module.b.shape[1] == module.rank, module.magnitude.map({ $0.shape == [layer[0]] }) ?? true
            else { throw .shape(module: name, a: module.a.shape, b: module.b.shape, magnitude: module.magnitude?.shape, layer: layer) }
            guard module.scale.isFinite else { throw .cannotWrite(format, "the scale of '\(name)' is \(module.scale)") }
            if usesDoRA {
                guard module.magnitude != nil else { throw .cannotWrite(format, "'\(name)' has no magnitude, but other modules have one") }
                guard format != .gguf else {
                    throw .cannotWrite(format, "llama.cpp has no place for the magnitudes of DoRA; merge the adapter instead")
                }
            }
            let heads = format == .gguf ? configuration.valueHeadOrder(of: module.place, tiling: true) : nil
            let order = heads?.rows ?? configuration.rowOrder(of: module.place, from: rotaryLayout, to: layout)
            var written = module
            written.a = module.a.reordered(columns: heads?.columns)
            written.b = module.b.reordered(order)
            written.magnitude = module.magnitude?.reordered(order)
            guard found.updateValue(written, forKey: module.place) == nil else { throw .repeated(module: name) }
        }
        return places.compactMap { found[$0.place] }
    }

    /// Looks whether the format has a place for what is adapted beside linear layers, and whether that fits the model.
    private func checkWholeParts(for configuration: ModelConfiguration, as format: AdapterFormat) throws(AdapterFileError) {
        let naming = configuration.huggingFaceNaming
        let hasWhole = !parameters.isEmpty || !rows.isEmpty
        switch format {
        case .minimind, .peft: break
        case .mlx where hasWhole, .gguf where hasWhole:
            throw .cannotWrite(format, "it has no place for modules and rows that are trained whole; merge the adapter instead")
        case .mlx, .gguf:
            if configuration.tiesEmbedding, let module = modules.first(where: { $0.place.isOfVocabulary }) {
                throw .cannotWrite(
                    format,
                    "'\(naming.moduleName(of: module.place))' of a model whose embedding and output projection are one weight has no adapter of its own there; merge it instead"
                )
            }
        }
        var shapes: [ParameterPlace: [Int]] = [:]
        configuration.forEachParameter { shapes[$0] = $1 }
        let rowsOfVocabulary = [vocabularySize(of: configuration.vocabularySize), configuration.dim]
        for parameter in parameters {
            let expected = parameter.place.isOfVocabulary ? rowsOfVocabulary : shapes[parameter.place]
            let name = naming.parameterName(of: parameter.place)
            guard let expected else { throw .unknownModule(name) }
            guard parameter.values.shape == expected else {
                throw .cannotWrite(format, "'\(name)' is \(parameter.values.shape), and not \(expected)")
            }
        }
        for own in rows where !own.place.isOfVocabulary || own.values.shape != [own.tokens.count, configuration.dim] {
            throw .cannotWrite(format, "the rows of '\(naming.moduleName(of: own.place))' are \(own.values.shape)")
        }
    }

    /// The parameters of its own, and the rows of tokens, as a file of the format has them.
    func wholeParts(
        for configuration: ModelConfiguration, as format: AdapterFormat, _ elementType: ElementType?, _ layout: RotaryLayout
    ) throws(AdapterFileError) -> (parameters: [Parameter], rows: [Rows]) {
        var (parameters, rows) = (parameters, rows)
        for (index, parameter) in parameters.enumerated() {
            let order = configuration.rowOrder(of: parameter.place, from: rotaryLayout, to: layout)
            let name = configuration.huggingFaceNaming.parameterName(of: parameter.place)
            parameters[index].values = try parameter.values.reordered(order).written(as: format, elementType, name)
        }
        for (index, own) in rows.enumerated() {
            let name = "the rows of \(configuration.huggingFaceNaming.moduleName(of: own.place))"
            rows[index].values = try own.values.written(as: format, elementType, name)
        }
        return (parameters, rows)
    }
}

extension AdapterState.Module {
    /// The same update with another factor before it: B takes in what is between them, in float32.
    ///
    /// - Parameter factor: `nil` for one that the file keeps as it is
    func folding(_ factor: Float?, into reference: Float) throws(AdapterFileError) -> AdapterState.Module {
        guard let factor, factor != reference else { return self }
        let ratio = factor / reference
        var module = self
        let values = try AdapterFile.files { () throws(TensorFileError) in try b.floats() }
        module.b = StoredTensor(shape: b.shape, floats: values.map { $0 * ratio })
        module.scale = scale / ratio
        return module
    }

    /// The factors in a type that the format has.
    func converted(
        for format: AdapterFormat, _ elementType: ElementType?, _ configuration: ModelConfiguration
    ) throws(AdapterFileError) -> AdapterState.Module {
        let name = configuration.huggingFaceNaming.moduleName(of: place)
        var module = self
        module.a = try a.written(as: format, elementType, "A of '\(name)'")
        module.b = try b.written(as: format, elementType, "B of '\(name)'")
        module.magnitude = try magnitude.map { magnitude throws(AdapterFileError) in
            try magnitude.written(as: format, elementType, "the magnitude of '\(name)'")
        }
        return module
    }
}

extension StoredTensor {
    /// The values in a type that the format has.
    ///
    /// - Parameters:
    ///   - elementType: `nil` for the type that they have, where the format has it
    ///   - name: for messages
    fileprivate func written(
        as format: AdapterFormat, _ elementType: ElementType?, _ name: String
    ) throws(AdapterFileError) -> StoredTensor {
        if let elementType, ![.float32, .float16, .bfloat16].contains(elementType) {
            throw .cannotWrite(format, "adapters are written as float32, float16 or bfloat16, not as \(elementType)")
        }
        let given = elementType ?? self.elementType
        let type: ElementType =
            switch (format, given) {
            case (.gguf, .float16), (_, .float32): given
            case (.mlx, .float16), (.mlx, .bfloat16), (.peft, .float16), (.peft, .bfloat16), (.minimind, .float16),
                (.minimind, .bfloat16):
                given
            case (.peft, .float64), (.minimind, .float64): given
            default: .float32
            }
        do throws(TensorFileError) {
            let values = try converted(to: type)
            if let error = values.firstNotFinite { throw error }
            return values
        } catch {
            throw .cannotWrite(format, "\(name): \(error)")
        }
    }
}
