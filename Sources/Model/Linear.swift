import Tensor

/// A linear layer: `y = x Wᵀ`, plus a bias where it has one, plus the updates that are attached to it.
public final class Linear {
    /// The name of the module in the state dict of the model's generation, such as `layers.0.attention.wq`.
    public let name: String
    /// The layer that it stands in, counted from 0.
    public let layer: Int
    /// What it does there.
    public let role: LinearRole
    /// The expert that it is a part of, if of any.
    public let expert: LayerPart.Expert?
    /// `[out, in]`
    public let weight: Tensor
    /// `[out]`, where the layer has one. Updates leave it alone.
    public let bias: Tensor?
    /// Where LoRA joins, in the order in which they were attached.
    public internal(set) var updates: [LinearUpdate] = []
    /// What the weight was before updates were merged into it, and which.
    var merged: (original: Tensor, updates: [LinearUpdate])?

    init(layer: Int, role: LinearRole, expert: LayerPart.Expert?, naming: ParameterNaming, weight: Tensor, bias: Tensor? = nil) {
        self.layer = layer
        self.role = role
        self.expert = expert
        self.weight = weight
        self.bias = bias
        name = naming.moduleName(of: .layer(layer, .linear(role, expert)))
        weight.isFrozenWeight = true
    }

    /// Where it stands in the model.
    public var place: ParameterPlace { .layer(layer, .linear(role, expert)) }

    /// The width of what it reads.
    public var inputWidth: Int { weight.shape[1] }
    /// The width of what it returns.
    public var outputWidth: Int { weight.shape[0] }

    /// Whether input and output are of one width: what the default recipe adapts.
    package var isSquare: Bool { inputWidth == outputWidth }

    // MARK: - Updates

    /// Attaches an update, in place of the one of its name if there is one.
    public func attach(_ update: LinearUpdate) {
        precondition(
            update.factors.a.shape[1] == inputWidth && update.factors.b.shape[0] == outputWidth,
            "factors that fit a weight \(weight.shape)")
        if let index = updates.firstIndex(where: { $0.name == update.name }) {
            if let original = updates[index].original, original !== update.original { weight.replaceValues(original.values) }
            updates[index] = update
        } else {
            updates.append(update)
        }
    }

    /// Takes an update off; a weight that it had taken apart is whole again, to the bit.
    ///
    /// - Returns: the update; `nil` where none has the name
    @discardableResult
    public func detach(_ name: String) -> LinearUpdate? {
        let update = remove(name)
        if let original = update?.original { weight.replaceValues(original.values) }
        return update
    }

    /// Takes an update off, and leaves the weight as it is.
    @discardableResult
    func remove(_ name: String) -> LinearUpdate? {
        updates.firstIndex { $0.name == name }.map { updates.remove(at: $0) }
    }

    /// Sets how much an update counts; 0 switches it off. A name that no update has is passed over.
    public func setWeight(_ weight: Float, of name: String) {
        guard let index = updates.firstIndex(where: { $0.name == name }) else { return }
        updates[index].weight = weight
    }

    /// The update of a name.
    public func update(_ name: String) -> LinearUpdate? { updates.first { $0.name == name } }

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

    /// What an update's input leaves out in this step; `nil` for nothing. Another mask for each layer and update.
    private func dropoutMask(_ update: LinearUpdate) -> DropoutMask? {
        guard update.dropout > 0, let seed = ComputeContext.current.dropoutSeed else { return nil }
        let part = LinearRole.allCases.firstIndex(of: role) ?? 0
        let owner =
            switch expert {
            case nil: 0
            case .routed(let index): 2 * index + 1
            case .shared(let index): 2 * index + 2
            }
        let words = [layer, part, owner].map { UInt64($0) } + update.name.utf8.map { UInt64($0) }
        return DropoutMask(rate: update.dropout, seed: RandomGenerator.seed(seed, words))
    }
}
