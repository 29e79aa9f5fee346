import Foundation
import Testing

@testable import Tensor

@Suite("Experts against float64")
struct ExpertTests {
    /// Probabilities, chosen experts and weights of each token, and the balance loss.
    private func reference(
        _ logits: [Double], experts: Int, perToken: Int, normalizes: Bool, chosen: [Int32]? = nil, overBatch: Bool = false,
        wholeUses: Bool = false, sequences: [[Range<Int>]] = []
    ) -> (weights: [Double], chosen: [Int32], loss: Double) {
        let tokens = logits.count / experts
        var (weights, indices, probabilities): ([Double], [Int32], [[Double]]) = ([], [], [])
        for token in 0..<tokens {
            let row = logits[token * experts..<(token + 1) * experts].map { exp($0) }
            let p = row.map { $0 / row.reduce(0, +) }
            // A finite difference must not change who is chosen.
            let best =
                chosen.map { Array($0[token * perToken..<(token + 1) * perToken]) }
                ?? p.indices.sorted { p[$0] > p[$1] }.prefix(perToken).map(Int32.init)
            let sum = normalizes ? best.reduce(0) { $0 + p[Int($1)] } + 1e-20 : 1
            weights += best.map { p[Int($0)] / sum }
            indices += best
            probabilities.append(p)
        }
        let groups = overBatch ? [sequences.flatMap { $0 }] : sequences
        let losses = groups.map { ranges -> Double in
            let rows = ranges.flatMap(Array.init)
            return (0..<experts).reduce(0) { sum, expert in
                let uses = rows.flatMap { indices[$0 * perToken..<($0 + 1) * perToken] }.count { $0 == Int32(expert) }
                let mean = rows.reduce(0) { $0 + probabilities[$1][expert] } / Double(rows.count)
                let share = Double(experts) * Double(uses) / Double(rows.count) / (wholeUses ? 1 : Double(perToken))
                return sum + share * mean
            }
        }
        return (weights, indices, losses.reduce(0, +) / Double(max(losses.count, 1)))
    }

    /// Two sequences that share a beginning, and one alone.
    private let sequences: [[Range<Int>]] = [[0..<4, 4..<6], [0..<4, 6..<9], [9..<11]]

    @Test(
        "Weights, balance loss and the gradient of both",
        arguments: [
            (4, 2, true, false, false), (4, 1, true, true, true), (5, 3, false, false, false), (3, 3, true, true, true),
            (6, 2, false, true, true), (6, 2, true, true, false),
        ])
    func routing(_ experts: Int, _ perToken: Int, _ normalizes: Bool, _ overBatch: Bool, _ wholeUses: Bool) {
        var generator = RandomGenerator(seed: 5)
        let tokens = 11
        let logits = Tensor((0..<tokens * experts).map { _ in 2 * generator.normal() }, shape: [tokens, experts])
        logits.isTrainable = true
        let balance = ExpertBalance(
            coefficient: 0.3, isOverBatch: overBatch, countsWholeUses: wholeUses, sequences: sequences, gradientScale: 5)
        let routing = routeTokens(logits, expertsPerToken: perToken, normalizes: normalizes, balance: balance)
        let values = logits.values.map(Double.init)
        func expected(_ logits: [Double]) -> (weights: [Double], chosen: [Int32], loss: Double) {
            reference(
                logits, experts: experts, perToken: perToken, normalizes: normalizes, chosen: routing.experts,
                overBatch: overBatch, wholeUses: wholeUses, sequences: sequences)
        }
        let all = reference(values, experts: experts, perToken: perToken, normalizes: normalizes)
        #expect(routing.experts == all.chosen)
        #expect(distance(routing.weights.values, all.weights) < 1e-5)
        #expect(abs(Double(balance.loss) - 0.3 * expected(values).loss) < 1e-5)
        // Each of a shared beginning's tokens counts for both sequences.
        #expect(balance.uses.reduce(0, +) == 15 * perToken)

        let direction = (0..<tokens * perToken).map { _ in generator.normal() }
        routing.weights.backward(from: direction)
        func value(_ logits: [Double]) -> Double {
            let result = expected(logits)
            return zip(result.weights, direction).reduce(5 * 0.3 * result.loss) { $0 + $1.0 * Double($1.1) }
        }
        let numeric = values.indices.map { place in
            var (up, down) = (values, values)
            up[place] += 1e-5
            down[place] -= 1e-5
            return (value(up) - value(down)) / 2e-5
        }
        #expect(distance(logits.gradient?.values ?? [], numeric) < 2e-4)
    }

    @Test("Over all layers together the balance is that of transformers, also where a layer is measured again")
    func pooled() {
        // L = [torch.tensor([[2 * math.sin(1 + 7 * l + 3 * t + 1.7 * e) for e in range(4)] for t in range(5)],
        //     requires_grad=True) for l in range(3)]
        // loss = load_balancing_loss_func(tuple(L), 4, 2); loss.backward(), of transformers 5's qwen3_moe
        let loss = 2.025613307952881
        let gradients: [[Float]] = [
            [0.0076012, -0.0064258, -0.0007166, -0.0004588, 0.0011244, 0.0003042],
            [0.004911, -0.0015284, -0.0006818, -0.0027008, 0.0007377, 0.0018445],
            [0.00452, -0.0003777, -0.0015257, -0.0026166, 0.0011512, 0.0030933],
        ]
        let pool = ExpertPool()
        let layers = (0..<3).map { layer -> (logits: Tensor, weights: Tensor) in
            let values = (0..<20).map { place -> Float in
                let (token, expert) = (Double(place / 4), Double(place % 4))
                return Float(2 * sin(1 + 7 * Double(layer) + 3 * token + 1.7 * expert))
            }
            let logits = Tensor(values, shape: [5, 4])
            logits.isTrainable = true
            var weights = logits
            for _ in 0..<(layer == 1 ? 2 : 1) {
                let balance = ExpertBalance(
                    coefficient: 0.5, isOverBatch: true, countsWholeUses: true, sequences: [[0..<3], [3..<5]], gradientScale: 4,
                    pool: (pool, layer: layer))
                weights = routeTokens(logits, expertsPerToken: 2, normalizes: true, balance: balance).weights
                #expect(balance.loss == 0 && balance.uses.reduce(0, +) == 10)
            }
            return (logits, weights)
        }
        #expect(abs(pool.loss - loss) < 1e-6)
        for (layer, expected) in zip(layers, gradients) {
            layer.weights.backward(from: Array(repeating: 0, count: 10))
            let gradient = layer.logits.gradient?.values ?? []
            #expect(distance(gradient.prefix(6).map { $0 / 2 }, expected.map(Double.init)) < 5e-5)
        }
    }

    @Test("Of equal probabilities the first expert is taken")
    func ties() {
        let routing = routeTokens(Tensor([1, 1, 1, 0, 2, 2], shape: [2, 3]), expertsPerToken: 2, normalizes: true, balance: nil)
        #expect(routing.experts == [0, 1, 1, 2])
        #expect(routing.weights.values == [0.5, 0.5, 0.5, 0.5])
        let selected = routing.selecting([1])
        #expect(selected.experts == [1, 2] && selected.weights.shape == [1, 2])
        #expect(routing.tokens(of: 1).rows == [0, 1] && routing.tokens(of: 1).slots == [1, 2])
    }

    @Test("The weighted sum of experts' results", arguments: [1, 7, 130])
    func sum(_ width: Int) {
        // Three tokens, two experts each: slots of expert 0, of 1, and of 2.
        let slots = [[0, 3], [1, 2, 5], [4]]
        checkGradients([[2, width], [3, width], [1, width], [3, 2]]) { inputs in
            expertSum(
                Array(inputs[0..<3]), slots: slots, ExpertRouting(weights: inputs[3], experts: [0, 1, 1, 0, 2, 1]))
        } reference: { inputs in
            (0..<3 * width).map { place in
                let (token, column) = (place / width, place % width)
                return (0..<2).reduce(0) { total, term in
                    let slot = 2 * token + term
                    let expert = slots.firstIndex { $0.contains(slot) } ?? 0
                    let row = slots[expert].firstIndex(of: slot) ?? 0
                    return total + inputs[3][slot] * inputs[expert][row * width + column]
                }
            }
        }
    }

    @Test("A record of a routing does not keep itself alive")
    func release() {
        weak var kept: Tensor?
        do {
            let logits = Tensor([1, 2, 3, 4], shape: [1, 4])
            logits.isTrainable = true
            let routing = routeTokens(logits, expertsPerToken: 2, normalizes: true, balance: nil)
            kept = routing.weights
            #expect(kept != nil)
        }
        #expect(kept == nil)
    }
}
