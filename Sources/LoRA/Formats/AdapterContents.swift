import Model
import Tensor

/// An adapter as its file has it, before it is known for what model.
struct AdapterContents {
    struct Module {
        /// What the file calls the layer.
        let name: String
        /// `nil` where no layer is called so.
        let place: ParameterPlace?
        /// `[rank, in]`; `[experts, rank, in]` of a GGUF's experts
        let a: StoredTensor
        /// `[out, rank]`; `[experts, out, rank]` of a GGUF's experts
        let b: StoredTensor
        let magnitude: StoredTensor?
        /// `nil` where the file does not say it.
        let scale: Float?

        var rank: Int { b.shape.last ?? 0 }
    }

    /// A parameter that the file has whole.
    struct Parameter {
        /// What the file calls it.
        let name: String
        /// `nil` where no parameter is called so.
        let place: ParameterPlace?
        let values: StoredTensor
        let isTrained: Bool
    }

    /// Rows of tokens that the file has apart from the others.
    struct Rows {
        /// What the file calls the module.
        let module: String
        let place: ParameterPlace?
        let tokens: [Int32]
        let values: StoredTensor
    }

    let format: AdapterFormat
    /// In what naming the places of the modules were found.
    let naming: ParameterNaming
    /// What the file holds, under its own names.
    var tensors = StateDictionary()
    var modules: [Module] = []
    var parameters: [Parameter] = []
    var rows: [Rows] = []
    /// Whether the output projection stays tied to an embedding that the file has whole.
    var tiesOutput = false
    /// How the rows of queries and keys stand in the file.
    let rotaryLayout: RotaryLayout
    /// What the file says of which layers are adapted.
    var targets: Targets = .unsaid
    var usesRankStabilizedScale = false
    var dropout: Float = 0
    var start = AdapterStart.standard
    var baseName: String?
    /// llama.cpp's word for the kind of model.
    var architecture: String?
    var provenance: JSONObject?

    enum Targets {
        case unsaid
        case peft(PEFTTargets)
        case mlx(MLXTargets)
    }

    /// The modules of a file, gathered tensor by tensor.
    struct Factors {
        /// The parts of an adapter, by the words that an error says.
        enum Part: String {
            case a = "A"
            case b = "B"
            case magnitude
        }

        private(set) var modules: [String] = []
        private var parts: [String: [Part: StoredTensor]] = [:]

        /// - Throws: ``AdapterFileError/repeated(module:)``
        mutating func add(_ part: Part, of module: String, _ tensor: StoredTensor) throws(AdapterFileError) {
            if parts[module] == nil { modules.append(module) }
            guard parts[module, default: [:]].updateValue(tensor, forKey: part) == nil else { throw .repeated(module: module) }
        }

        subscript(module: String, part: Part) -> StoredTensor? { parts[module]?[part] }

        /// The first naming in which the file's modules are linear layers, all of them or at least one; a family may have
        /// its own.
        ///
        /// - Parameter usual: what is looked at before the families' own; the last of them stands for modules of no naming
        func naming(_ usual: [ParameterNaming]) -> ParameterNaming {
            let namings = usual + ParameterNaming.ofFamilies.filter { !usual.contains($0) }
            func knows(_ naming: ParameterNaming, _ module: String) -> Bool { naming.place(of: module) != nil }
            return namings.first { naming in modules.allSatisfy { knows(naming, $0) } }
                ?? namings.first { naming in modules.contains { knows(naming, $0) } } ?? usual[usual.count - 1]
        }

        /// - Throws: ``AdapterFileError/incomplete(module:missing:)``, and ``AdapterFileError/shape(module:a:b:magnitude:layer:)``
        ///   for factors that have no rank in common
        func checked(_ module: String, hasMagnitude: Bool, dimensions: ClosedRange<Int> = 2...2) throws(AdapterFileError) -> (
            a: StoredTensor, b: StoredTensor, magnitude: StoredTensor?
        ) {
            guard let a = self[module, .a] else { throw .incomplete(module: module, missing: Part.a.rawValue) }
            guard let b = self[module, .b] else { throw .incomplete(module: module, missing: Part.b.rawValue) }
            let magnitude = self[module, .magnitude]
            if hasMagnitude, magnitude == nil { throw .incomplete(module: module, missing: Part.magnitude.rawValue) }
            guard dimensions.contains(a.shape.count), a.shape.count == b.shape.count, a.shape.dropLast().last == b.shape.last,
                let rank = b.shape.last, rank > 0, a.shape.count == 2 || a.shape[0] == b.shape[0]
            else { throw .shape(module: module, a: a.shape, b: b.shape, magnitude: magnitude?.shape, layer: nil) }
            return (a, b, magnitude)
        }
    }
}

extension AdapterContents {
    /// - Throws: ``AdapterFileError/unreadable(tensor:_:)`` for the first tensor with a value that is not finite
    func checkValues() throws(AdapterFileError) {
        for name in tensors.names {
            if let error = tensors[name]?.firstNotFinite { throw .unreadable(tensor: name, error) }
        }
    }

    /// The adapter for a model, every part of it checked against the model's sizes.
    ///
    /// - Parameter bareScale: the scale where the file says none
    func state(for configuration: ModelConfiguration, bareScale: Float?) throws(AdapterFileError) -> AdapterState {
        if let architecture {
            let expected = try? configuration.ggufArchitecture
            if architecture != expected { throw .architecture(found: architecture, expected: expected) }
        }
        let layout = [.peft, .mlx].contains(format) ? configuration.huggingFaceRotaryLayout : rotaryLayout
        // In PEFT's and mlx-lm's files names are those of the model's class.
        let classNaming = configuration.huggingFaceNaming
        let naming = [.peft, .mlx].contains(format) ? classNaming : nil
        var state = AdapterState(
            modules: [], rotaryLayout: configuration.rotaryLayout, usesRankStabilizedScale: usesRankStabilizedScale, dropout: dropout,
            provenance: provenance)
        state.start = start
        try addWholeParts(to: &state, for: configuration, naming, from: layout)
        let places = configuration.adaptedPlaces(vocabularySize: state.vocabularySize(of: configuration.vocabularySize))
        let shapes = Dictionary(uniqueKeysWithValues: places.map { ($0.place, $0.shape) })
        var found: [ParameterPlace: AdapterState.Module] = [:]
        for module in modules {
            for (place, a, b) in try module.parts(configuration, naming) {
                guard let layer = shapes[place] else { throw .unknownModule(module.name) }
                let fitted = try module.fitted(
                    a, b, at: place, layer, from: layout, configuration, tilesValueHeads: format == .gguf, bareScale: bareScale)
                guard found.updateValue(fitted, forKey: place) == nil else { throw .repeated(module: module.name) }
            }
        }
        try checkTargets(Set(found.keys), places.map(\.place), configuration)
        // In mlx-lm a tied output projection is the adapted embedding.
        if format == .mlx, configuration.tiesEmbedding, var shared = found[.embedding] {
            shared.place = .output
            found[.output] = shared
        }
        state.modules = places.compactMap { found[$0.place] }
        return state
    }

    /// Looks whether the adapted modules are those that the configuration names.
    private func checkTargets(
        _ found: Set<ParameterPlace>, _ places: [ParameterPlace], _ configuration: ModelConfiguration
    ) throws(AdapterFileError) {
        for place in places {
            let name = configuration.huggingFaceNaming.moduleName(of: place)
            switch targets {
            case .unsaid: continue
            case .peft(let targets):
                // An output projection that stays tied is not named.
                if place == .output, tiesOutput { continue }
                let isTarget = targets.contain(name, isOfLayer: !place.isOfVocabulary)
                if found.contains(place), !isTarget { throw .notTargeted(module: name) }
                if !found.contains(place), isTarget { throw .targetWithoutFactors(module: name) }
            case .mlx(let targets):
                // mlx-lm leaves a layer alone that has no factors: its B is zero.
                if found.contains(place), !targets.contain(place, of: configuration) { throw .notTargeted(module: name) }
            }
        }
    }
}

extension AdapterContents.Module {
    /// The layers that the module's tensors are for: one, or every expert of a GGUF's stack.
    ///
    /// - Parameters:
    ///   - configuration: `nil` where the model is not known
    ///   - naming: what the model's class calls its modules; `nil` for the place by the file alone
    func parts(
        _ configuration: ModelConfiguration?, _ naming: ParameterNaming? = nil
    ) throws(AdapterFileError) -> [(place: ParameterPlace, a: StoredTensor, b: StoredTensor)] {
        guard let place = naming.map({ $0.place(of: name) }) ?? place else { throw .unknownModule(name) }
        guard a.shape.count == 3 else { return [(place, a, b)] }
        guard case .layer(let layer, .linear(let role, .routed)) = place,
            let count = configuration.map({ $0.experts?.count }) ?? a.shape[0]
        else { throw .unknownModule(name) }
        guard a.shape[0] == count else { throw .shape(module: name, a: a.shape, b: b.shape, magnitude: nil, layer: nil) }
        return (0..<count).compactMap { index in
            guard let a = a.slice(index), let b = b.slice(index) else { return nil }
            return (.layer(layer, .linear(role, .routed(index))), a, b)
        }
    }

    /// - Parameters:
    ///   - layer: the shape of the layer's weight
    ///   - configuration: `nil` where the model is not known; rows then stay as the file has them
    ///   - tilesValueHeads: whether the heads of values of linear attention stand as llama.cpp has them
    func fitted(
        _ a: StoredTensor, _ b: StoredTensor, at place: ParameterPlace, _ layer: [Int], from layout: RotaryLayout,
        _ configuration: ModelConfiguration?, tilesValueHeads: Bool = false, bareScale: Float?
    ) throws(AdapterFileError) -> AdapterState.Module {
        guard a.shape[1] == layer[1], b.shape[0] == layer[0], a.shape[0] == b.shape[1], magnitude.map({ $0.shape == [layer[0]] }) ?? true
        else { throw .shape(module: name, a: a.shape, b: b.shape, magnitude: magnitude?.shape, layer: layer) }
        guard let scale = scale ?? bareScale else { throw .noScale }
        guard scale.isFinite else { throw .configuration("the scale of '\(name)' is \(scale), which is no number") }
        let heads = tilesValueHeads ? configuration?.valueHeadOrder(of: place, tiling: false) : nil
        let order = heads?.rows ?? configuration.flatMap { $0.rowOrder(of: place, from: layout, to: $0.rotaryLayout) }
        func values(_ tensor: StoredTensor, _ order: [Int32]?) throws(AdapterFileError) -> StoredTensor {
            switch tensor.elementType {
            case .float32, .float16, .bfloat16, .float64: return tensor.reordered(order)
            case let type where type.isQuantized:
                do throws(TensorFileError) {
                    return try tensor.converted(to: .float32).reordered(order)
                } catch {
                    throw .file(error)
                }
            case let type: throw .elementType(module: name, type)
            }
        }
        return AdapterState.Module(
            place: place, a: try values(a, nil).reordered(columns: heads?.columns), b: try values(b, order),
            magnitude: try magnitude.map { magnitude throws(AdapterFileError) in try values(magnitude, order) },
            scale: scale)
    }
}
