/// Which rows the convolution of a layer reads, and which of its results are wanted.
struct ConvolutionPlan {
    /// The row's tokens that are read, ascending; `nil` for all.
    let rows: [Int32]?
    /// How many of the tokens before the row's, which a cache has kept, come before these.
    let kept: Int
    /// The rows before each of all those, as `causalConvolution` takes them.
    let predecessors: [Int32]
    /// The places among all those whose results are wanted; `nil` for all.
    let results: [Int32]?

    /// - Parameters:
    ///   - kernelLength: how many tokens a token reads, its own among them
    ///   - cachedTokens: how many tokens the row continues; `nil` without a cache
    ///   - outputRows: ascending places in the row whose results are wanted; `nil` for all
    init(_ row: TokenRow, kernelLength: Int, cachedTokens: Int?, outputRows: [Int32]?) {
        let before = kernelLength - 1
        kept = min(cachedTokens ?? 0, before)
        let all = row.predecessors(before, after: kept)
        // A cache wants the inputs of all tokens.
        guard let outputRows, cachedTokens == nil else {
            rows = nil
            predecessors = all
            let first = Int32(kept)
            results = kept > 0 || outputRows != nil ? (outputRows ?? row.tokens.indices.map(Int32.init)).map { first + $0 } : nil
            return
        }
        func rowsBefore(_ row: Int32) -> ArraySlice<Int32> { all[Int(row) * before..<(Int(row) + 1) * before] }
        let read = Set(outputRows + outputRows.flatMap { rowsBefore($0).filter { $0 >= 0 } }).sorted()
        let places = Dictionary(uniqueKeysWithValues: read.enumerated().map { ($1, Int32($0)) })
        rows = read
        results = outputRows.compactMap { places[$0] }
        // What is not read is before tokens alone whose results nobody wants.
        predecessors = read.flatMap { rowsBefore($0).map { places[$0] ?? -1 } }
    }
}
