import Foundation
import Testing

@testable import Tensor

/// Every operation's value and gradient, against the same mathematics in float64 and its central
/// differences.
@Suite("Gradients against finite differences in float64")
struct GradientTests {
    @Test(arguments: [(1, 1, 1), (3, 5, 7), (17, 33, 9), (130, 8, 3)])
    func linearLayer(_ rows: Int, _ input: Int, _ output: Int) {
        checkGradients([[rows, input], [output, input]]) {
            linear($0[0], $0[1])
        } reference: {
            Reference.linear($0[0], $0[1], rows: rows, input: input, output: output)
        }
    }

    @Test(arguments: [(1, 3, 3, 1), (5, 7, 9, 2), (19, 12, 5, 4)])
    func linearWithLoRA(_ rows: Int, _ input: Int, _ output: Int, _ rank: Int) {
        checkGradients([[rows, input], [output, input], [rank, input], [output, rank]]) {
            linear($0[0], $0[1], LowRankFactors(a: $0[2], b: $0[3], scale: 0.75))
        } reference: {
            let base = Reference.linear($0[0], $0[1], rows: rows, input: input, output: output)
            let hidden = Reference.linear($0[0], $0[2], rows: rows, input: input, output: rank)
            let update = Reference.linear(hidden, $0[3], rows: rows, input: rank, output: output)
            return zip(base, update).map { $0 + 0.75 * $1 }
        }
    }

    @Test(arguments: [(1, 1, 1), (3, 5, 7), (17, 12, 9), (130, 4, 3)])
    func linearWithBias(_ rows: Int, _ input: Int, _ output: Int) {
        let rank = 2
        checkGradients([[rows, input], [output, input], [output], [rank, input], [output, rank]]) {
            linear($0[0], $0[1], LowRankFactors(a: $0[3], b: $0[4], scale: 0.75), bias: $0[2])
        } reference: { inputs in
            let base = Reference.linear(inputs[0], inputs[1], rows: rows, input: input, output: output)
            let hidden = Reference.linear(inputs[0], inputs[3], rows: rows, input: input, output: rank)
            let update = Reference.linear(hidden, inputs[4], rows: rows, input: rank, output: output)
            return base.indices.map { base[$0] + inputs[2][$0 % output] + 0.75 * update[$0] }
        }
        checkGradients([[rows, input], [output, input], [output]]) {
            linear($0[0], $0[1], bias: $0[2])
        } reference: { inputs in
            let base = Reference.linear(inputs[0], inputs[1], rows: rows, input: input, output: output)
            return base.indices.map { base[$0] + inputs[2][$0 % output] }
        }
    }

    @Test("A bias alone may be trained, and a frozen one gets no gradient")
    func trainedBias() {
        let (x, weight) = (Tensor([1, 2, 3, 4], shape: [2, 2]), Tensor([1, 0, 0, 1], shape: [2, 2]))
        let bias = Tensor([10, 20], shape: [2])
        #expect(linear(x, weight, bias: bias).producer == nil)
        bias.isTrainable = true
        let y = linear(x, weight, bias: bias)
        #expect(y.values == [11, 22, 13, 24])
        y.backward(from: [1, 2, 4, 8])
        #expect(bias.gradient?.values == [5, 10] && x.gradient == nil && weight.gradient == nil)
        (bias.isTrainable, weight.isTrainable) = (false, true)
        bias.clearGradient()
        linear(x, weight, bias: bias).backward(from: [1, 2, 4, 8])
        #expect(bias.gradient == nil && weight.gradient?.values == [13, 18, 26, 36])
    }

    @Test(arguments: [(1, 1), (3, 7), (5, 64), (9, 129)])
    func norm(_ rows: Int, _ width: Int) {
        checkGradients([[rows, width], [width]]) {
            rmsNorm($0[0], weight: $0[1], epsilon: 1e-5)
        } reference: {
            Reference.rmsNorm($0[0], $0[1], epsilon: 1e-5)
        }
    }

    @Test(arguments: [RotaryLayout.interleaved, .rotateHalf])
    func rope(_ layout: RotaryLayout) {
        let positions = [0, 1, 2, 0, 7]
        for (heads, headDim) in [(1, 2), (3, 6), (2, 16)] {
            let table = RotaryTable(positions: 8, headDim: headDim, base: 100)
            checkGradients([[positions.count, heads * headDim]]) {
                rotate($0[0], positions: positions.map(Int32.init), table: table, layout: layout)
            } reference: {
                Reference.rope($0[0], positions: positions, headDim: headDim, base: 100, interleaved: layout == .interleaved)
            }
        }
    }

    @Test("A part of each head turns, the rest passes through", arguments: [RotaryLayout.interleaved, .rotateHalf])
    func partialRope(_ layout: RotaryLayout) {
        let positions = [0, 1, 2, 0, 7]
        for (heads, headDim, turned) in [(1, 3, 2), (3, 6, 4), (2, 16, 4), (2, 8, 8)] {
            let table = RotaryTable(positions: 8, headDim: turned, base: 100)
            checkGradients([[positions.count, heads * headDim]]) {
                rotate($0[0], positions: positions.map(Int32.init), table: table, layout: layout, headDim: headDim)
            } reference: {
                Reference.rope(
                    $0[0], positions: positions, headDim: headDim, turned: turned, base: 100, interleaved: layout == .interleaved)
            }
        }
        // By torch 2.13, the first four of a head: `x * cos + rotate_half(x) * sin`, as Phi and GLM have it in transformers.
        let table = RotaryTable(positions: 8, headDim: 4, base: 100)
        let y = rotate(Tensor([1, 2, 3, 4, 5, 6], shape: [1, 6]), positions: [3], table: table, layout: layout, headDim: 6)
        let expected =
            layout == .interleaved
            ? [-1.27223253, -1.83886504, 1.68392861, 4.70790672, 5, 6] : [-1.41335249, 0.72859216, -2.82885742, 4.41238642, 5, 6]
        #expect(distance(y.values, expected) < 1e-6)
    }

    @Test(arguments: [1, 7, 130])
    func gatedActivation(_ width: Int) {
        checkGradients([[3, width], [3, width]]) {
            swiGLU(gate: $0[0], up: $0[1])
        } reference: {
            zip($0[0], $0[1]).map { Reference.silu($0) * $1 }
        }
    }

    @Test func residual() {
        checkGradients([[3, 5], [3, 5]]) {
            add($0[0], $0[1])
        } reference: {
            zip($0[0], $0[1]).map(+)
        }
    }

    @Test func scaling() {
        checkGradients([[3, 5]]) {
            scaled($0[0], by: -0.75)
        } reference: {
            $0[0].map { -0.75 * $0 }
        }
    }

    @Test func product() {
        checkGradients([[3, 5], [3, 5]]) {
            multiply($0[0], $0[1])
        } reference: {
            zip($0[0], $0[1]).map(*)
        }
        checkGradients([[3, 5]]) {
            multiply($0[0], $0[0])
        } reference: {
            $0[0].map { $0 * $0 }
        }
        for trained in [0, 1] {
            let factors = [Tensor([1, 2], shape: [2]), Tensor([3, 4], shape: [2])]
            factors[trained].isTrainable = true
            multiply(factors[0], factors[1]).backward(from: [5, 7])
            #expect(factors[trained].gradient?.values == (trained == 0 ? [15, 28] : [5, 14]))
            #expect(factors[1 - trained].gradient == nil)
        }
    }

    @Test("An operation of the caller's own")
    func customSoftplus() {
        checkGradients([[3, 5], [3, 5], [2]]) { inputs in
            let (a, b) = (inputs[0].values, inputs[1].values)
            let y = customOperation(inputs) {
                Tensor(zip(a, b).map { log1p(exp($0 - $1)) }, shape: [3, 5])
            } gradients: { dy in
                let da = zip(zip(a, b), dy.values).map { $1 / (1 + exp($0.1 - $0.0)) }
                return [Tensor(da, shape: [3, 5]), Tensor(da.map(-), shape: [3, 5]), Tensor(repeating: 0, shape: [2])]
            }
            // Its gradient is handed on, and adds up where an input has other readers.
            return add(y, inputs[1])
        } reference: {
            zip($0[0], $0[1]).map { log1p(exp($0 - $1)) + $1 }
        }
    }

    @Test("It is recorded where somebody wants a gradient, and what it computes is not")
    func customRecord() {
        let (x, frozen) = (Tensor([1, 2], shape: [2]), Tensor([3, 4], shape: [2]))
        x.isTrainable = true
        var calls = 0
        func same(_ input: Tensor) -> Tensor {
            customOperation([input, frozen]) {
                #expect(add(input, input).producer == nil)
                return input
            } gradients: { dy in
                #expect(add(x, dy).producer == nil)
                calls += 1
                return [dy, nil]
            }
        }
        #expect(same(frozen).producer == nil && calls == 0)
        let y = same(x)
        #expect(y !== x && y.values == x.values)
        add(y, y).backward(from: [5, 7])
        #expect(x.gradient?.values == [10, 14] && frozen.gradient == nil && calls == 1)
        ComputeContext.withoutGradient { #expect(same(x).producer == nil) }
    }

    @Test("A tensor that is used twice gets both gradients")
    func sharing() {
        checkGradients([[3, 5], [5]]) {
            add(rmsNorm(add($0[0], $0[0]), weight: $0[1], epsilon: 1e-5), $0[0])
        } reference: { inputs in
            zip(Reference.rmsNorm(inputs[0].map { 2 * $0 }, inputs[1], epsilon: 1e-5), inputs[0]).map(+)
        }
    }

    @Test("Rows that are taken more than once, and rows that are not")
    func embedding() {
        let indices: [Int32] = [3, 0, 3, 3, 1]
        checkGradients([[5, 67]]) {
            gatherRows($0[0], indices)
        } reference: { inputs in
            indices.flatMap { inputs[0][Int($0) * 67..<(Int($0) + 1) * 67] }
        }
    }

    @Test("The projected loss, in one chunk and in several", arguments: [(4, 5, 7), (150, 3, 120_000)])
    func crossEntropy(_ rows: Int, _ width: Int, _ vocabulary: Int) {
        if vocabulary > 1000 { return manyChunks(rows, width, vocabulary) }
        let targets = (0..<rows).map { ($0 * 5 + 2) % vocabulary }
        for lossScale: Float in [1, 8] {
            checkGradients([[rows, width], [vocabulary, width]]) {
                projectedCrossEntropy(
                    $0[0], weight: $0[1], targets: targets.map(Int32.init), normalizer: 3, lossScale: lossScale)
            } reference: {
                let logits = Reference.linear($0[0], $0[1], rows: rows, input: width, output: vocabulary)
                return [Reference.crossEntropy(logits, targets: targets) / 3]
            }
        }
    }

    /// Rows in different chunks do not know of each other: the loss of all is the sum of each alone.
    private func manyChunks(_ rows: Int, _ width: Int, _ vocabulary: Int) {
        var generator = RandomGenerator(seed: 3)
        let x = Tensor((0..<rows * width).map { _ in generator.normal() }, shape: [rows, width])
        let weight = Tensor((0..<vocabulary * width).map { _ in generator.normal() }, shape: [vocabulary, width])
        let targets = (0..<rows).map { Int32($0 * 701 % vocabulary) }
        func run(_ range: Range<Int>) -> (loss: Float, gradient: [Float]) {
            let part = Tensor(Array(x.values[range.lowerBound * width..<range.upperBound * width]), shape: [range.count, width])
            part.isTrainable = true
            let loss = projectedCrossEntropy(part, weight: weight, targets: Array(targets[range]), normalizer: 1)
            loss.backward()
            return (loss.scalar, part.gradient?.values ?? [])
        }
        let whole = run(0..<rows)
        let parts = stride(from: 0, to: rows, by: 10).map { run($0..<min(rows, $0 + 10)) }
        let gradients = parts.flatMap(\.gradient)
        #expect(abs(whole.loss - parts.reduce(0) { $0 + $1.loss }) < 1e-5 * whole.loss)
        #expect(distance(whole.gradient, gradients.map(Double.init)) < 1e-5)
    }

    /// Of a large vocabulary most terms are small: beside the largest they would be lost.
    @Test("The projected loss counts small terms beside large ones")
    func smallTerms() {
        let (vocabulary, tops) = (49152, 64)
        let weight = Tensor((0..<vocabulary).map { $0 < tops ? 0 : -17 }, shape: [vocabulary, 1])
        let small = Double(vocabulary - tops) * exp(-17)
        for isTrained in [false, true] {
            let x = Tensor([1], shape: [1, 1])
            x.isTrainable = isTrained
            let loss = projectedCrossEntropy(x, weight: weight, targets: [0], normalizer: 1)
            #expect(abs(Double(loss.scalar) - log(Double(tops) + small)) < 2e-6)
            loss.backward()
            let expected = -17 * small / (Double(tops) + small)
            #expect(!isTrained || abs(Double(x.gradient?.scalar ?? 0) / expected - 1) < 1e-5)
        }
    }

    @Test("Frozen tensors get no gradient, and nothing is recorded below them")
    func frozen() {
        let x = Tensor([1, 2], shape: [1, 2])
        let weight = Tensor([1, 0, 0, 1], shape: [2, 2])
        let below = linear(x, weight)
        #expect(below.producer == nil)
        let a = Tensor([1, 1], shape: [1, 2])
        let b = Tensor([0, 0], shape: [2, 1])
        b.isTrainable = true
        let y = linear(below, weight, LowRankFactors(a: a, b: b))
        let loss = projectedCrossEntropy(y, weight: weight, targets: [1], normalizer: 1)
        loss.backward()
        #expect(b.gradient != nil)
        #expect(a.gradient == nil && weight.gradient == nil && x.gradient == nil && below.gradient == nil)
        let silent = ComputeContext.withoutGradient { linear(below, weight, LowRankFactors(a: a, b: b)) }
        #expect(silent.producer == nil)
    }
}
