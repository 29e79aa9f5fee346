import Foundation
import Testing

@testable import Tensor

@Suite("Updates of embedding and output projection")
struct LogitUpdateTests {
    /// Few rows are computed in another way than many.
    @Test("The projected loss with a low-rank update and with tokens of their own", arguments: [4, 70])
    func projectedLoss(_ rows: Int) {
        let (width, vocabulary, rank) = (3, 9, 2)
        let targets = (0..<rows).map { ($0 * 5 + 2) % vocabulary }
        let tokens: [Int32] = [7, 0, 3]
        for lossScale: Float in [1, 8] {
            checkGradients([[rows, width], [vocabulary, width], [rows, rank], [vocabulary, rank], [rows, tokens.count]]) { inputs in
                projectedCrossEntropy(
                    inputs[0], weight: inputs[1], updates: [.product(inputs[2], inputs[3]), .tokens(inputs[4], tokens)],
                    targets: targets.map(Int32.init), normalizer: 3, lossScale: lossScale)
            } reference: { inputs in
                var logits = Reference.linear(inputs[0], inputs[1], rows: rows, input: width, output: vocabulary)
                let update = Reference.linear(inputs[2], inputs[3], rows: rows, input: rank, output: vocabulary)
                for place in logits.indices { logits[place] += update[place] }
                for row in 0..<rows {
                    for (index, token) in tokens.enumerated() {
                        logits[row * vocabulary + Int(token)] += inputs[4][row * tokens.count + index]
                    }
                }
                return [Reference.crossEntropy(logits, targets: targets) / 3]
            }
        }
    }

    @Test("In 16 bits it is the loss of what linear and addedColumns give", arguments: [Precision.bfloat16, .float16], [5, 70])
    func halfPrecision(_ precision: Precision, _ rows: Int) {
        var generator = RandomGenerator(seed: 4)
        func random(_ shape: [Int], _ scale: Float) -> Tensor {
            let tensor = Tensor((0..<shape.reduce(1, *)).map { _ in scale * generator.normal() }, shape: shape)
            tensor.isTrainable = true
            return tensor
        }
        let (x, weight, a, b) = (random([rows, 32], 1), random([90, 32], 0.3), random([4, 32], 0.3), random([90, 4], 0.3))
        let values = random([rows, 2], 1)
        ComputeContext.with({ $0.precision = precision }) {
            let hidden = linear(x, a)
            let loss = projectedCrossEntropy(
                x, weight: weight, updates: [.product(hidden, b), .tokens(values, [3, 80])], targets: [Int32](repeating: 3, count: rows),
                normalizer: Float(rows))
            let logits = addedColumns(linear(x, weight, LowRankFactors(a: a, b: b)), values, at: [3, 80]).values
            let expected = (0..<rows).reduce(0.0) { sum, row in
                let one = logits[row * 90..<(row + 1) * 90].map(Double.init)
                let top = one.max() ?? 0
                return sum + log(one.reduce(0) { $0 + exp($1 - top) }) + top - one[3]
            }
            #expect(abs(Double(loss.scalar) - expected / Double(rows)) < 1e-3)
            loss.backward()
            for tensor in [x, weight, a, b, values] { #expect(tensor.gradient?.values.contains { $0 != 0 } == true) }
        }
    }

    @Test("A matrix product", arguments: [1, 6, 70])
    func product(_ rows: Int) {
        checkGradients([[rows, 3], [3, 20]]) {
            matrixProduct($0[0], $0[1])
        } reference: { inputs in
            var product = [Double](repeating: 0, count: rows * 20)
            for row in 0..<rows {
                for inner in 0..<3 {
                    for column in 0..<20 { product[row * 20 + column] += inputs[0][row * 3 + inner] * inputs[1][inner * 20 + column] }
                }
            }
            return product
        }
    }

    @Test("Added columns")
    func columns() {
        checkGradients([[4, 6], [4, 2]]) {
            addedColumns($0[0], $0[1], at: [5, 1])
        } reference: { inputs in
            var sum = inputs[0]
            for row in 0..<4 {
                sum[row * 6 + 5] += inputs[1][row * 2]
                sum[row * 6 + 1] += inputs[1][row * 2 + 1]
            }
            return sum
        }
    }

    @Test("Replaced rows, one of them in two places")
    func rows() {
        let (sources, places): ([Int32], [Int32]) = ([2, 0, 2], [1, 4, 3])
        checkGradients([[5, 3], [3, 3]]) {
            replacedRows($0[0], with: $0[1], sources, at: places)
        } reference: { inputs in
            var rows = inputs[0]
            for (source, place) in zip(sources, places) {
                for column in 0..<3 { rows[Int(place) * 3 + column] = inputs[1][Int(source) * 3 + column] }
            }
            return rows
        }
    }
}
