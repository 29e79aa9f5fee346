import LoRA
import Model
import Tensor

/// What an adapter changes, module by module: how much, in how many directions, and where.
///
/// No matrix is kept: ``update(at:)`` makes that of one module when it is asked for.
public struct AdapterAnalysis: Sendable {
    /// In the order of the model.
    public let modules: [ModuleAnalysis]
    private let state: AdapterState
    private let base: ModelFile?

    /// An adapter beside the base that it is for, or alone.
    ///
    /// - Parameters:
    ///   - base: with it, changes are set in relation to its weights, and DoRA's are whole
    ///   - naming: what the modules are called where no base says it
    /// - Throws: `LoRAError` where a module does not fit the base or its values cannot be read, `ModelError` for a weight
    ///   of the base
    public init(_ state: AdapterState, base: ModelFile?, naming: ParameterNaming = .huggingFace) throws {
        guard !state.modules.isEmpty else { throw LoRAError.empty }
        guard base != nil || state.start == .standard else {
            throw LoRAError.configuration("the adapter cannot be looked at alone: \(state.start.needOfBase); give its base")
        }
        let naming = base?.configuration.naming ?? naming
        let shapes = base.map { base in
            let size = state.vocabularySize(of: base.configuration.vocabularySize)
            return Dictionary(uniqueKeysWithValues: base.configuration.adaptedPlaces(vocabularySize: size).map { ($0.place, $0.shape) })
        }
        let state =
            try base.map { base in
                let turned = try state.turned(to: base.configuration.rotaryLayout, base.configuration)
                return try turned.onWholeBase(naming, isTied: base.configuration.tiesEmbedding) { module throws(LoRAError) in
                    guard let shape = shapes?[module.place] else { return nil }
                    return try reading(naming.moduleName(of: module.place)) { try base.weight(at: module.place, shape: shape) }
                }
            } ?? state
        self.state = state
        self.base = base
        modules = try state.modules.map { module in
            let name = naming.moduleName(of: module.place)
            if let shapes, shapes[module.place] == nil { throw LoRAError.unknownModule(name) }
            let shape = try module.checkedShape(name, layer: shapes?[module.place])
            return try ModuleAnalysis(module, name, shape, base: base)
        }
    }

    /// An adapter in a file or folder of any format, beside the base that it is for or alone.
    ///
    /// - Throws: `AdapterFileError` with the path where it cannot be read or does not fit the base, by name and shape; else
    ///   as ``init(_:base:naming:)``
    public init(path: String, base: ModelFile?) throws {
        if let base {
            try self.init(AdapterFile.read(path, for: base.configuration), base: base)
        } else {
            let (state, naming) = try AdapterFile.readAlone(path)
            try self.init(state, base: nil, naming: naming)
        }
    }

    /// `ΔW` of a module, of its shape, row by row.
    ///
    /// - Parameter index: of the module in ``modules``
    /// - Throws: `LoRAError`, `ModelError` for values that can no longer be read
    public func update(at index: Int) throws -> [Float] {
        let (module, analysis) = (state.modules[index], modules[index])
        return try module.update(analysis.name, weight: base?.weight(at: analysis.place, shape: analysis.shape))
    }

    /// ``update(at:)`` as a picture.
    ///
    /// - Parameter maximumSide: as of ``HeatMap``
    /// - Throws: as ``update(at:)``
    public func heatMap(at index: Int, maximumSide: Int? = nil) throws -> HeatMap {
        HeatMap(try update(at: index), rows: modules[index].shape[0], columns: modules[index].shape[1], maximumSide: maximumSide)
    }
}

extension ModuleAnalysis {
    fileprivate init(_ module: AdapterState.Module, _ name: String, _ shape: [Int], base: ModelFile?) throws {
        let factors = try module.factors(name)
        // An enlarged embedding has no weight in the base to compare with.
        let isEnlarged = base.map { module.place.isOfVocabulary && $0.configuration.vocabularySize != shape[0] } ?? false
        let weight = isEnlarged ? nil : try base?.weight(at: module.place, shape: shape)
        self.name = name
        place = module.place
        (self.shape, rank, scale) = (shape, module.rank, module.scale)
        update = module.magnitude == nil ? .lowRank : base == nil ? .lowRankPart : .rescaled
        singularValues = factors.singularValues
        effectiveRank = Report.effectiveRank(of: singularValues)
        norm =
            update == .rescaled
            ? try module.update(name, weight: weight).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            : singularValues.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
        baseNorm = weight.map { $0.sumOfSquares.squareRoot() }
    }
}

extension AdapterState.Module {
    /// The shape of the layer that the factors are for.
    ///
    /// - Parameter layer: what it must be, where that is known
    /// - Throws: `LoRAError`
    fileprivate func checkedShape(_ name: String, layer: [Int]?) throws(LoRAError) -> [Int] {
        let shape = [b.shape.first ?? 0, a.shape.last ?? 0]
        guard a.shape.count == 2, b.shape.count == 2, a.shape[0] == b.shape[1], rank > 0, shape.allSatisfy({ $0 > 0 }),
            layer == nil || layer == shape
        else { throw .shape(module: name, a: a.shape, b: b.shape, layer: layer ?? shape) }
        if let magnitude, magnitude.shape != [shape[0]] {
            throw .magnitude(module: name, found: magnitude.shape, expected: shape[0])
        }
        return shape
    }

    fileprivate func factors(_ name: String) throws(LoRAError) -> LowRankFactors {
        try reading(name) { LowRankFactors(a: try Tensor(a), b: try Tensor(b), scale: scale) }
    }

    /// `ΔW`.
    ///
    /// - Parameter weight: `nil` where it is not known
    fileprivate func update(_ name: String, weight: Tensor?) throws(LoRAError) -> [Float] {
        let factors = try factors(name)
        guard let magnitude, let weight else { return factors.product.values }
        return try reading(name) {
            LinearUpdate(factors: factors, magnitude: Magnitude(try Tensor(magnitude))).delta(to: weight.values)
        }
    }
}

/// Says whose values cannot be read.
private func reading<Result>(_ module: String, _ body: () throws -> Result) throws(LoRAError) -> Result {
    do {
        return try body()
    } catch {
        throw .unreadable(module: module, reason: "\(error)")
    }
}
