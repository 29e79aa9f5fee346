import Model
import Tensor

/// Low-rank adapters on a model: one pair of factors on each adapted linear layer.
///
/// The model's own weights stay as they are; an adapted layer computes `x Wᵀ + scale (x Aᵀ) Bᵀ`
/// (``Model/Linear/adapter``).
public struct LoRAAdapter {
    /// The adapted layers, in the order of the model.
    public let linears: [Linear]

    /// Puts new adapters on a model: A from a normal distribution of standard deviation 0.02, B zero,
    /// so that the model at first answers as before.
    ///
    /// - Parameter seed: the same seed gives the same A on every platform
    /// - Throws: ``LoRAError/noTargets``
    public init(on model: MiniMind, _ configuration: LoRAConfiguration = LoRAConfiguration(), seed: UInt64 = 1337) throws(LoRAError) {
        linears = model.linears.filter(configuration.adapts)
        guard !linears.isEmpty else { throw .noTargets }
        var generator = RandomGenerator(seed: seed)
        for linear in linears {
            let start = (0..<configuration.rank * linear.inputWidth).map { _ in 0.02 * generator.normal() }
            linear.adapter = LowRankFactors(
                a: Tensor(start, shape: [configuration.rank, linear.inputWidth]),
                b: Tensor(repeating: 0, shape: [linear.outputWidth, configuration.rank]),
                scale: configuration.scale)
        }
    }

    /// Puts adapters from a state dict on a model: keys `<module>.lora.A.weight` and
    /// `<module>.lora.B.weight`, a `module.` before them passed over. The rank is A's.
    ///
    /// The model is changed only if all of it fits.
    ///
    /// - Throws: ``LoRAError`` for a key, a layer or a shape that does not fit
    public init(on model: MiniMind, from dictionary: StateDictionary, scale: Float = 1) throws(LoRAError) {
        var factors: [String: (a: StoredTensor?, b: StoredTensor?)] = [:]
        for name in dictionary.names {
            let key = name.hasPrefix("module.") ? String(name.dropFirst("module.".count)) : name
            if key.hasSuffix(".lora.A.weight") {
                factors[String(key.dropLast(".lora.A.weight".count)), default: (nil, nil)].a = dictionary[name]
            } else if key.hasSuffix(".lora.B.weight") {
                factors[String(key.dropLast(".lora.B.weight".count)), default: (nil, nil)].b = dictionary[name]
            } else {
                throw .strangeKey(name)
            }
        }
        guard !factors.isEmpty else { throw .empty }
        let names = Set(model.linears.map(\.name))
        if let stranger = factors.keys.sorted().first(where: { !names.contains($0) }) { throw .unknownModule(stranger) }

        var adapted: [(Linear, LowRankFactors)] = []
        for linear in model.linears {
            guard let pair = factors[linear.name] else { continue }
            guard let a = pair.a, let b = pair.b else { throw .incomplete(module: linear.name) }
            guard a.shape.count == 2, b.shape.count == 2, a.shape[0] == b.shape[1], a.shape[0] > 0,
                a.shape[1] == linear.inputWidth, b.shape[0] == linear.outputWidth
            else { throw .shape(module: linear.name, a: a.shape, b: b.shape, layer: linear.weight.shape) }
            do {
                let values = (try a.floats(), try b.floats())
                adapted.append(
                    (
                        linear,
                        LowRankFactors(
                            a: Tensor(values.0, shape: a.shape), b: Tensor(values.1, shape: b.shape), scale: scale)
                    ))
            } catch {
                throw .unreadable(module: linear.name, reason: "\(error)")
            }
        }
        for (linear, factors) in adapted { linear.adapter = factors }
        linears = adapted.map(\.0)
    }

    /// The factors under their published names, in order: A before B, layer by layer.
    public var parameters: [(name: String, tensor: Tensor)] {
        linears.flatMap { linear in
            linear.adapter.map {
                [("\(linear.name).lora.A.weight", $0.a), ("\(linear.name).lora.B.weight", $0.b)]
            } ?? []
        }
    }

    /// The number of values in all factors.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

    /// The factors as the published adapter file holds them, in float32.
    public var stateDictionary: StateDictionary {
        var dictionary = StateDictionary()
        for (name, tensor) in parameters {
            dictionary[name] = StoredTensor(shape: tensor.shape, floats: tensor.values)
        }
        return dictionary
    }

    /// Takes the adapters off the model again.
    public func detach() {
        for linear in linears { linear.adapter = nil }
    }

    /// Adds `scale B A` to the weights of the adapted layers and takes the adapters off: the model
    /// answers the same as before, to rounding, without the adapters' cost. Sums are float32 and rounded
    /// once to the type in which the layer keeps its weight.
    public func merge() {
        for linear in linears {
            guard let factors = linear.adapter else { continue }
            let (rank, input) = (factors.rank, linear.inputWidth)
            let (a, b) = (factors.a.values, factors.b.values)
            var weight = linear.weight.values
            for row in 0..<linear.outputWidth {
                for column in 0..<input {
                    var sum: Float = 0
                    for r in 0..<rank { sum += b[row * rank + r] * a[r * input + column] }
                    weight[row * input + column] += factors.scale * sum
                }
            }
            linear.weight.replaceValues(weight)
            linear.adapter = nil
        }
    }
}
