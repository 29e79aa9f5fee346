import Tensor

extension LanguageModel {
    /// Gives the embedding and the output projection rows for more tokens, each the mean of those that are there, as transformers'
    /// `resize_token_embeddings` has it but for its noise.
    ///
    /// - Parameter size: how many tokens the model knows then; nothing is done where it knows as many
    /// - Throws: ``ModelError/configuration(_:)`` where an adapter has updates of those rows already
    public func enlargeVocabulary(to size: Int) throws(ModelError) {
        guard size > configuration.vocabularySize else { return }
        guard [embedding, output].allSatisfy({ $0.updates.isEmpty && $0.tokenRows.isEmpty && !$0.isMerged && !$0.hasOwnWeight }) else {
            throw .configuration("the vocabulary cannot grow while an adapter adapts the embedding or the output projection")
        }
        let isTied = output.weight === embedding.weight
        embedding.weight = embedding.weight.enlarged(to: size)
        output.weight = isTied ? embedding.weight : output.weight.enlarged(to: size)
    }
}

extension Tensor {
    /// The same matrix with more rows, each the mean of the rows that are there, summed in float64.
    fileprivate func enlarged(to count: Int) -> Tensor {
        let result = Tensor(zeros: [count, width], like: self)
        result.replaceRows(from: 0, with: self)
        let mean = meanRow
        for row in rows..<count { result.replaceRows(from: row, with: mean) }
        return result
    }

    /// The mean of the rows, `[1, width]`, float32, summed in float64.
    package var meanRow: Tensor {
        var sums = [Double](repeating: 0, count: width)
        let values = values
        for row in 0..<rows {
            for column in 0..<width { sums[column] += Double(values[row * width + column]) }
        }
        return Tensor(sums.map { Float($0 / Double(rows)) }, shape: [1, width])
    }
}
