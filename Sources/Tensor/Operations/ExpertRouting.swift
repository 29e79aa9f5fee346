import Foundation

/// Which experts the tokens of a row go to.
public struct ExpertRouting {
    /// The factor of each of a token's experts, `[tokens, expertsPerToken]`, float32.
    public let weights: Tensor
    /// A token's experts, those of the first token first: `tokens * expertsPerToken`.
    public let experts: [Int32]

    /// The places in the row, and in `experts`, of the tokens that go to an expert.
    public func tokens(of expert: Int32) -> (rows: [Int32], slots: [Int]) {
        let slots = experts.indices.filter { experts[$0] == expert }
        return (slots.map { Int32($0 / weights.width) }, slots)
    }

    /// The routing of some tokens of the row.
    public func selecting(_ rows: [Int32]) -> ExpertRouting {
        let width = weights.width
        return ExpertRouting(
            weights: gatherRows(weights, rows),
            experts: rows.flatMap { experts[Int($0) * width..<(Int($0) + 1) * width] })
    }
}

/// Deals tokens to experts: the `expertsPerToken` of the largest probabilities `p = softmax(logits)`, and as
/// their weights the probabilities, divided by their sum where `normalizes`.
///
/// With `S` the sum over the chosen plus 1e-20: `dpj = (dwj − Σi dwi wi) / S` for a chosen expert where
/// normalised, `dpj = dwj` otherwise; to these the gradient of the balance is added, and
/// `dlogits = p (dp − Σ dp p)`.
///
/// - Parameters:
///   - logits: `[tokens, experts]`, of any type
///   - balance: what measures the use of experts, and adds its gradient; `nil` without training
/// - Returns: the routing, of float32 weights; of equal probabilities the first expert comes first
public func routeTokens(_ logits: Tensor, expertsPerToken: Int, normalizes: Bool, balance: ExpertBalance?) -> ExpertRouting {
    let context = ComputeContext.current
    let (tokens, experts) = (logits.rows, logits.width)
    precondition(expertsPerToken <= experts, "a token goes to \(expertsPerToken) of \(experts) experts")
    let weights = Tensor(uninitialized: [tokens, expertsPerToken])
    var probabilities = logits.values
    var chosen: [Int32] = []
    chosen.reserveCapacity(tokens * expertsPerToken)
    var sums = [Float](repeating: 1, count: tokens)
    var balanceGradient: (() -> [Float])?
    context.measuring(.elementwise) {
        for token in 0..<tokens {
            let row = token * experts..<(token + 1) * experts
            probabilities[row].formSoftmax()
            var best: [Int] = []
            while best.count < expertsPerToken {
                let rest = row.lazy.filter { !best.contains($0) }
                // Comparing the other way round keeps the first of equals.
                guard
                    let next = rest.max(by: { probabilities[$0] < probabilities[$1] || (probabilities[$0] == probabilities[$1] && $0 > $1) }
                    )
                else { break }
                best.append(next)
            }
            if normalizes { sums[token] = best.reduce(0) { $0 + probabilities[$1] } + 1e-20 }
            for (slot, place) in best.enumerated() {
                weights.pointer[token * expertsPerToken + slot] = probabilities[place] / sums[token]
                chosen.append(Int32(place - row.lowerBound))
            }
        }
        balanceGradient = balance?.measure(probabilities, chosen, experts: experts, perToken: expertsPerToken)
    }
    let node = logits.node
    // A record that held its own result would never be freed.
    let kept = weights.withoutRecord()
    weights.record(inputs: [logits]) { [probabilities, chosen, sums, balanceGradient] dweights in
        context.measuring(.elementwise) {
            let balanceGradient = balanceGradient?()
            let dlogits = Tensor(uninitialized: [tokens, experts])
            for token in 0..<tokens {
                let slots = token * expertsPerToken..<(token + 1) * expertsPerToken
                let row = token * experts
                var dp = balanceGradient.map { Array($0[row..<row + experts]) } ?? Array(repeating: 0, count: experts)
                let pull = normalizes ? slots.reduce(0) { $0 + dweights.pointer[$1] * kept.pointer[$1] } : 0
                for slot in slots { dp[Int(chosen[slot])] += (dweights.pointer[slot] - pull) / sums[token] }
                let mean = (0..<experts).reduce(0) { $0 + dp[$1] * probabilities[row + $1] }
                for expert in 0..<experts { dlogits.pointer[row + expert] = probabilities[row + expert] * (dp[expert] - mean) }
            }
            node.accumulate(dlogits)
        }
    }
    return ExpertRouting(weights: weights, experts: chosen)
}

extension ArraySlice<Float> {
    fileprivate mutating func formSoftmax() {
        guard let top = self.max() else { return }
        var sum: Float = 0
        for index in indices {
            self[index] = exp(self[index] - top)
            sum += self[index]
        }
        for index in indices { self[index] /= sum }
    }
}
