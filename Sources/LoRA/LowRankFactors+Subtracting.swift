import Tensor

extension LowRankFactors {
    /// `scale (B A - B₀ A₀)` as factors of twice the rank: `A = [A; A₀]`, `B = [B, -B₀]`.
    ///
    /// - Parameter start: A₀ and B₀, of the same rank and scale
    func subtracting(_ start: LowRankFactors) -> (a: StoredTensor, b: StoredTensor) {
        let rows = b.shape[0]
        let (now, before) = (b.values, start.b.values)
        var values: [Float] = []
        values.reserveCapacity(2 * rows * rank)
        for row in 0..<rows {
            let places = row * rank..<(row + 1) * rank
            values += now[places]
            values += before[places].map { -$0 }
        }
        return (
            StoredTensor(shape: [2 * rank, a.shape[1]], floats: a.values + start.a.values),
            StoredTensor(shape: [rows, 2 * rank], floats: values)
        )
    }
}
