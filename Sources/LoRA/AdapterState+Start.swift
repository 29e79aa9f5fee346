import Model
import Tensor

extension AdapterState {
    /// The same adapter for the base as it was before the training: `scale B A` of the rest of a weight, from which the start
    /// took `scale B₀ A₀`, is `scale (B A - B₀ A₀)` of the whole one.
    ///
    /// - Throws: ``LoRAError`` where what was taken cannot be told from the weight
    func onWholeBase(of model: LanguageModel) throws(LoRAError) -> AdapterState {
        try onWholeBase(model.configuration.naming, isTied: model.configuration.tiesEmbedding) { model.module(at: $0.place)?.wholeWeight }
    }

    /// - Parameters:
    ///   - naming: what modules are called in errors
    ///   - isTied: whether the output projection is the embedding
    ///   - weight: of a module in the base as it was; a module without one is left for others to refuse
    package func onWholeBase(
        _ naming: ParameterNaming, isTied: Bool, weight: (Module) throws(LoRAError) -> Tensor?
    ) throws(LoRAError) -> AdapterState {
        guard start != .standard else { return self }
        guard !usesDoRA else { throw .configuration("an adapter that '\(start.rawValue)' started cannot have DoRA's magnitudes too") }
        var result = self
        // PEFT starts the factors of an embedding by chance, whatever the start.
        for (index, module) in modules.enumerated() where module.place != .embedding {
            if module.place == .output, isTied {
                throw .unreadable(
                    module: naming.moduleName(of: module.place),
                    reason: "the start '\(start.rawValue)' took a part off a weight that is the embedding's too")
            }
            guard let weight = try weight(module), module.fits(weight) else {
                guard module.place == .output else { continue }
                throw .unreadable(
                    module: naming.moduleName(of: module.place),
                    reason: "the start '\(start.rawValue)' took a part off more rows than the base has")
            }
            result.modules[index] = try module.wholeBase(weight, naming.moduleName(of: module.place), start)
        }
        // What goes along with an adapted output projection is the rest of its weight.
        if result.modules.contains(where: { $0.place == .output }) {
            result.parameters.removeAll { $0.place == .output && !$0.isTrained }
        }
        result.start = .standard
        return result
    }
}

extension AdaptedModule {
    /// The weight without what adapters have taken off it, or merged into it.
    fileprivate var wholeWeight: Tensor {
        AdaptedModule.withoutMerges([self]) {
            let weight = updates.lazy.compactMap(\.original).first ?? self.weight
            return Tensor(weight.values, shape: weight.shape)
        }
    }
}

extension AdapterState.Module {
    /// Whether the factors are for a weight of this shape, and their rank is one that it can have.
    fileprivate func fits(_ weight: Tensor) -> Bool {
        a.shape.count == 2 && b.shape.count == 2 && [b.shape[0], a.shape[1]] == weight.shape && a.shape[0] == b.shape[1] && rank > 0
    }

    /// The update of the whole weight.
    fileprivate func wholeBase(_ weight: Tensor, _ name: String, _ start: AdapterStart) throws(LoRAError) -> AdapterState.Module {
        func wrong(_ reason: String) -> LoRAError { .unreadable(module: name, reason: reason) }
        guard rank <= min(weight.shape[0], weight.shape[1]) else {
            throw wrong("the start '\(start.rawValue)' has no rank \(rank) in a weight \(weight.shape)")
        }
        guard scale.isFinite, scale > 0 || start != .pissa else { throw wrong("the start '\(start.rawValue)' has no scale \(scale)") }
        let taken: (a: Tensor, b: Tensor, isDetermined: Bool)
        switch start {
        case .standard: return self
        case .pissa:
            let parts = PrincipalSVD(weight, rank: rank)
            let roots = parts.values.map { ($0 / scale).squareRoot() }
            taken = (
                Tensor(parts.right.values.enumerated().map { $1 * roots[$0 / weight.shape[1]] }, shape: parts.right.shape),
                Tensor(parts.left.values.enumerated().map { $1 * roots[$0 % rank] }, shape: parts.left.shape), parts.isDetermined
            )
        case .olora:
            let parts = LeadingQR(weight, rank: rank)
            taken = (parts.right, parts.left, parts.isDetermined)
        }
        guard taken.isDetermined else {
            throw wrong("what '\(start.rawValue)' took off its weight is not the only such part, so it cannot be told which it was")
        }
        do {
            let trained = LowRankFactors(a: try Tensor(a), b: try Tensor(b), scale: scale)
            var module = self
            (module.a, module.b) = trained.subtracting(LowRankFactors(a: taken.a, b: taken.b, scale: scale))
            return module
        } catch {
            throw wrong("\(error)")
        }
    }
}
