import Tensor

/// A mixture of experts (Shazeer et al. 2017) in place of a feed-forward layer: a router deals each token to
/// some of the experts, whose results are weighted and summed; shared experts read every token besides.
///
/// The tokens are grouped by expert, so an expert computes nothing for tokens of others.
public final class MixtureOfExperts {
    /// Whose product with a token scores the experts, `[experts, dim]`.
    public let router: Tensor
    /// Those that tokens are dealt to.
    public let experts: [FeedForward]
    /// Those that every token goes to.
    public let shared: [FeedForward]
    private let perToken: Int
    private let dividesWeights: Bool

    /// - Parameters:
    ///   - perToken: experts that a token goes to
    ///   - dividesWeights: whether their weights are divided by their sum
    init(perToken: Int, dividesWeights: Bool, router: Tensor, experts: [FeedForward], shared: [FeedForward]) {
        (self.perToken, self.dividesWeights) = (perToken, dividesWeights)
        self.router = router
        self.experts = experts
        self.shared = shared
        router.isFrozenWeight = true
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] { (experts + shared).flatMap(\.linears) }

    /// - Parameters:
    ///   - x: `[tokens, dim]`
    ///   - outputRows: ascending places whose results are wanted; `nil` for all. The balance is measured over all.
    ///   - balance: what measures the use of the experts; `nil` without training
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`; float32
    func callAsFunction(_ x: Tensor, outputRows: [Int32]?, balance: ExpertBalance?) -> Tensor {
        var routing = routeTokens(
            linear(x, router), expertsPerToken: perToken, normalizes: dividesWeights, balance: balance)
        var wanted = x
        if let outputRows {
            routing = routing.selecting(outputRows)
            wanted = gatherRows(x, outputRows)
        }
        var (results, slots): ([Tensor], [[Int]]) = ([], [])
        for (index, expert) in experts.enumerated() {
            let tokens = routing.tokens(of: Int32(index))
            guard !tokens.rows.isEmpty else { continue }
            results.append(expert(gatherRows(wanted, tokens.rows)))
            slots.append(tokens.slots)
        }
        return shared.reduce(expertSum(results, slots: slots, routing)) { add($0, $1(wanted)) }
    }
}
