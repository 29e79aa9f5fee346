import Tensor

/// A linear layer: `y = x Wᵀ`, plus a bias where it has one, plus the updates that are attached to it.
public final class Linear: AdaptedModule {
    /// `[out]`, where the layer has one. Updates leave it alone.
    public let bias: Tensor?

    /// - Parameter place: of a layer, or the output projection
    init(_ place: ParameterPlace, naming: ParameterNaming, weight: Tensor, bias: Tensor? = nil) {
        self.bias = bias
        super.init(place, naming: naming, weight: weight)
        // What embeds tokens, too, is read row by row.
        if case .layer = place { weight.isFrozenWeight = true }
    }

    /// The layer that it stands in, counted from 0; `nil` for the output projection.
    public var layer: Int? {
        guard case .layer(let layer, _) = place else { return nil }
        return layer
    }

    /// What it does there.
    public var role: LinearRole? {
        guard case .layer(_, .linear(let role, _)) = place else { return nil }
        return role
    }

    /// The expert that it is a part of, if of any.
    public var expert: LayerPart.Expert? {
        guard case .layer(_, .linear(_, let expert)) = place else { return nil }
        return expert
    }

    /// The factors of the adapter that has no name of its own: while set, the layer computes
    /// `x Wᵀ + scale (x Aᵀ) Bᵀ`.
    public var adapter: LowRankFactors? {
        get { update(LinearUpdate.defaultName)?.factors }
        set {
            if let newValue {
                attach(LinearUpdate(factors: newValue))
            } else {
                detach(LinearUpdate.defaultName)
            }
        }
    }

    // MARK: - Computing

    /// What the layer computes, with all updates that are switched on.
    ///
    /// - Parameter x: `[tokens, in]`, of any type
    /// - Returns: `[tokens, out]`, of the context's precision
    public func callAsFunction(_ x: Tensor) -> Tensor {
        activeRows.reduce(updated(x)) { addedColumns($0, $1.logits(x, over: weight), at: $1.tokens) }
    }

    private func updated(_ x: Tensor) -> Tensor {
        if updates.isEmpty { return linear(x, weight, bias: bias) }
        let active = updates.filter { $0.weight != 0 }
        guard let first = active.first else { return linear(x, weight, bias: bias) }
        guard active.count == 1, first.magnitude == nil || first.weight == 1 else { return sum(x, active) }
        return updated(x, by: first, dropoutMask(first))
    }

    /// `x (W + ΔW)ᵀ`, of a plain update, or of a DoRA that counts once.
    func updated(_ x: Tensor, by update: LinearUpdate, _ mask: DropoutMask?) -> Tensor {
        guard let magnitude = update.magnitude else {
            return linear(x, weight, update.factors.scaled(by: update.weight), bias: bias, dropout: mask)
        }
        let norms = magnitude.norms(of: weight, update.factors)
        // PEFT's formula: what dropout leaves of the input goes through the whole update, the rest through W alone.
        let updated = linear(mask.map { dropout(x, $0) } ?? x, weight, update.factors, result: .float32)
        func rescaled(_ result: Precision?) -> Tensor {
            rescaledColumns(updated, magnitude: magnitude.values, norms: norms, result: result)
        }
        guard bias != nil || mask != nil else { return rescaled(nil) }
        let terms = [rescaled(.float32)] + (mask.map { [linear(dropoutRest(x, $0), weight, result: .float32)] } ?? []) + biasTerm(x)
        return weightedSum(terms, weights: terms.map { _ in 1 })
    }

    /// The bias, for each row of `x`, where the layer has one.
    private func biasTerm(_ x: Tensor) -> [Tensor] { bias.map { [broadcastRows($0, count: x.rows)] } ?? [] }

    /// `x Wᵀ` plus each update's part, summed in float32 and rounded once.
    private func sum(_ x: Tensor, _ active: [LinearUpdate]) -> Tensor {
        let base = linear(x, weight, result: .float32)
        var terms = [base] + biasTerm(x)
        var weights = terms.map { _ in Float(1) }
        for update in active {
            let mask = dropoutMask(update)
            let read = mask.map { dropout(x, $0) } ?? x
            let lowRank = linear(linear(read, update.factors.a), update.factors.b, result: .float32)
            if let magnitude = update.magnitude {
                let direct = mask == nil ? base : linear(read, weight, result: .float32)
                let updated = weightedSum([direct, lowRank], weights: [1, update.factors.scale], result: .float32)
                let norms = magnitude.norms(of: weight, update.factors)
                terms += [rescaledColumns(updated, magnitude: magnitude.values, norms: norms, result: .float32), direct]
                weights += [update.weight, -update.weight]
            } else {
                terms.append(lowRank)
                weights.append(update.weight * update.factors.scale)
            }
        }
        return weightedSum(terms, weights: weights)
    }

    /// What the updates add to the logits of the output projection.
    ///
    /// - Parameter x: `[rows, in]`
    func logitUpdates(_ x: Tensor) -> [LogitUpdate] {
        let rows = activeRows.map { LogitUpdate.tokens($0.logits(x, over: weight), $0.tokens) }
        return rows
            + updates.filter { $0.weight != 0 }.map { update in
                precondition(update.magnitude == nil, "DoRA does not join the output projection")
                let hidden = linear(dropoutMask(update).map { dropout(x, $0) } ?? x, update.factors.a)
                let scale = update.weight * update.factors.scale
                return .product(scale == 1 ? hidden : scaled(hidden, by: scale), update.factors.b)
            }
    }

    /// What an update's input leaves out in this step; `nil` for nothing. Another mask for each layer and update.
    private func dropoutMask(_ update: LinearUpdate) -> DropoutMask? {
        guard update.dropout > 0, let seed = ComputeContext.current.dropoutSeed else { return nil }
        let part = role.flatMap { LinearRole.allCases.firstIndex(of: $0) } ?? 0
        let owner =
            switch expert {
            case nil: 0
            case .routed(let index): 2 * index + 1
            case .shared(let index): 2 * index + 2
            }
        let words = [layer.map { UInt64($0) } ?? .max, UInt64(part), UInt64(owner)] + update.name.utf8.map { UInt64($0) }
        return DropoutMask(rate: update.dropout, seed: RandomGenerator.seed(seed, words))
    }
}
