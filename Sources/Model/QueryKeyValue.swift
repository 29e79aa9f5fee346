import Tensor

/// The projections that make the queries, keys and values of attention.
public enum QueryKeyValue {
    /// One for each: of queries `[headCount * headDim, dim]`, or with gates twice as many rows, of keys and of values `[keyValueHeadCount * headDim, dim]`.
    case apart(query: Linear, key: Linear, value: Linear)
    /// One for all, whose rows are those of the queries, of the keys and of the values, in this order.
    case fused(Linear, queryWidth: Int, keyValueDim: Int)

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] {
        switch self {
        case .apart(let query, let key, let value): [query, key, value]
        case .fused(let linear, _, _): [linear]
        }
    }

    /// - Parameters:
    ///   - x: `[tokens, dim]`
    ///   - outputRows: ascending places of the tokens whose queries are wanted; `nil` for all
    /// - Returns: queries `[outputRows, queryWidth]`, and keys and values of all tokens, `[tokens, keyValueDim]`
    func callAsFunction(_ x: Tensor, outputRows: [Int32]?) -> (query: Tensor, key: Tensor, value: Tensor) {
        func wanted(_ x: Tensor) -> Tensor { outputRows.map { gatherRows(x, $0) } ?? x }
        switch self {
        case .apart(let query, let key, let value):
            let (k, v) = (key(x), value(x))
            return (query(wanted(x)), k, v)
        case .fused(let linear, let queryWidth, let keyValueDim):
            let all = linear(x)
            let (keys, values) = (queryWidth, queryWidth + keyValueDim)
            return (
                wanted(columns(all, 0..<keys)), columns(all, keys..<values), columns(all, values..<values + keyValueDim)
            )
        }
    }
}
