import Tensor

/// Rows of the embedding or the output projection that are trained apart from the others, such as those of tokens that were added to
/// the vocabulary: PEFT's `trainable_token_indices`.
public struct TokenRows {
    /// The adapter that they are a part of.
    public let name: String
    /// Whose rows they are, each token once.
    public let tokens: [Int32]
    /// The rows as they are now, in the place of the weight's own, `[tokens, dim]`. Where embedding and output projection are tied,
    /// both have this very tensor.
    public let values: Tensor
    /// Whether they count.
    public var isOn: Bool
    private let places: [Int32: Int32]

    /// - Parameters:
    ///   - tokens: each once
    ///   - values: `[tokens, dim]`
    public init(name: String = LinearUpdate.defaultName, tokens: [Int32], values: Tensor, isOn: Bool = true) {
        precondition(values.shape.count == 2 && values.shape[0] == tokens.count, "a row for each token")
        self.name = name
        self.tokens = tokens
        self.values = values
        self.isOn = isOn
        places = Dictionary(uniqueKeysWithValues: zip(tokens, Int32(0)...))
    }

    /// The embedding of a text with the rows of its tokens replaced.
    ///
    /// - Parameter x: `[text, dim]`, float32
    func replaced(in x: Tensor, of text: [Int32]) -> Tensor {
        let found = text.enumerated().compactMap { index, token in places[token].map { (source: $0, place: Int32(index)) } }
        return replacedRows(x, with: values, found.map(\.source), at: found.map(\.place))
    }

    /// What the rows add to the logits of their tokens, `[rows, tokens]`, float32.
    ///
    /// - Parameters:
    ///   - x: `[rows, dim]`
    ///   - weight: of the projection, `[vocabulary, dim]`
    func logits(_ x: Tensor, over weight: Tensor) -> Tensor {
        let own = ComputeContext.withoutGradient { gatherRows(weight, tokens) }
        return weightedSum(
            [linear(x, values, result: .float32), linear(x, own, result: .float32)], weights: [1, -1], result: .float32)
    }
}
