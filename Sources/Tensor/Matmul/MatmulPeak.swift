/// How fast the matrix product of the context is alone: the measure of everything that is built on it.
package enum MatmulPeak {
    /// Multiplications and additions a second on all threads, of products as a model of width 512 has
    /// them: the best of several rounds.
    ///
    /// - Parameter limit: seconds after which no further round begins
    package static func operationsPerSecond(_ precision: Precision, limit: Double = .infinity) -> Double {
        ComputeContext.with({ $0.precision = precision }) {
            let context = ComputeContext.current
            let (rows, summed, columns) = (2048, 512, 1408)
            var generator = RandomGenerator(seed: 1)
            func random(_ shape: [Int], _ precision: Precision) -> Tensor {
                Tensor((0..<shape[0] * shape[1]).map { _ in Float(generator.uniform()) - 0.5 }, shape: shape, precision: precision)
            }
            let x = random([rows, summed], precision)
            let y = Tensor(uninitialized: [rows, columns], precision)
            let weight = random([columns, summed], .float32).packed(transposed: true, context)
            var best = 0.0
            let end = ContinuousClock.now + .seconds(min(limit, 1e6))
            for round in 0..<20 where round == 0 || .now < end {
                let start = ContinuousClock.now
                context.matmul.multiply(x, by: weight, into: y)
                best = max(best, Double(2 * rows * summed * columns) / ((ContinuousClock.now - start) / .seconds(1)))
            }
            return best
        }
    }
}
