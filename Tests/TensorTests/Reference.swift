import Foundation

@testable import Tensor

/// The operations again in float64, written for reading: what the fused kernels are checked against.
enum Reference {
    typealias Matrix = [Double]

    /// `x [rows, input]` times the transpose of `w [output, input]`.
    static func linear(_ x: Matrix, _ w: Matrix, rows: Int, input: Int, output: Int) -> Matrix {
        var y = Matrix(repeating: 0, count: rows * output)
        for r in 0..<rows {
            for o in 0..<output {
                for i in 0..<input { y[r * output + o] += x[r * input + i] * w[o * input + i] }
            }
        }
        return y
    }

    static func rmsNorm(_ x: Matrix, _ weight: Matrix, epsilon: Double) -> Matrix {
        let width = weight.count
        return stride(from: 0, to: x.count, by: width).flatMap { start in
            var squares = 0.0
            for i in start..<start + width { squares += x[i] * x[i] }
            let size = (squares / Double(width) + epsilon).squareRoot()
            return (0..<width).map { weight[$0] * x[start + $0] / size }
        }
    }

    static func layerNorm(_ x: Matrix, _ weight: Matrix, _ bias: Matrix?, epsilon: Double) -> Matrix {
        let width = weight.count
        return stride(from: 0, to: x.count, by: width).flatMap { start in
            let row = x[start..<start + width]
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            return (0..<width).map {
                weight[$0] * (x[start + $0] - mean) / (variance + epsilon).squareRoot() + (bias?[$0] ?? 0)
            }
        }
    }

    static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    static func activation(_ activation: Activation, _ x: Double) -> Double {
        switch activation {
        case .silu: silu(x)
        case .gelu: x * erfc(-x / 2.0.squareRoot()) / 2
        case .tanhGELU: x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
        case .sigmoid: 1 / (1 + exp(-x))
        }
    }

    /// The derivative, by a central difference.
    static func slope(_ activation: Activation, _ x: Double) -> Double {
        (Self.activation(activation, x + 1e-5) - Self.activation(activation, x - 1e-5)) / 2e-5
    }

    static func rope(
        _ x: Matrix, positions: [Int], headDim: Int, turned: Int? = nil, base: Double, interleaved: Bool
    ) -> Matrix {
        let width = x.count / positions.count
        let turned = turned ?? headDim
        var y = x
        for (row, position) in positions.enumerated() {
            for head in 0..<width / headDim {
                let start = row * width + head * headDim
                for j in 0..<turned / 2 {
                    let angle = Double(position) / pow(base, Double(2 * j) / Double(turned))
                    let (first, second) = interleaved ? (start + 2 * j, start + 2 * j + 1) : (start + j, start + j + turned / 2)
                    y[first] = x[first] * cos(angle) - x[second] * sin(angle)
                    y[second] = x[first] * sin(angle) + x[second] * cos(angle)
                }
            }
        }
        return y
    }

    /// Queries that see the first of some keys, each by its row.
    struct Segment {
        let queries: [Int]
        let keys: [Int]
        /// How many of the keys each query sees.
        let visible: [Int]
        /// How many of those it sees, the last ones.
        let window: Int
    }

    /// What becomes of the product of a query and a key.
    struct Scores {
        let scale: Double
        let cap: Double?

        func value(_ product: Double) -> Double { cap.map { $0 * tanh(scale * product / $0) } ?? scale * product }

        func slope(_ product: Double) -> Double { cap.map { scale / pow(cosh(scale * product / $0), 2) } ?? scale }
    }

    /// Attention; rows of `q` in no segment get zeros.
    static func attention(
        _ q: Matrix, _ k: Matrix, _ v: Matrix, rows: Int, heads: Int, keyValueHeads: Int, headDim: Int,
        segments: [Segment], scores: Scores
    ) -> Matrix {
        var y = Matrix(repeating: 0, count: rows * heads * headDim)
        walk(q, k, heads: heads, keyValueHeads: keyValueHeads, headDim: headDim, segments, scores) { query, keys, weights, _ in
            for (key, weight) in zip(keys, weights) {
                for d in 0..<headDim { y[query + d] += weight * v[key + d] }
            }
        }
        return y
    }

    /// The gradients of queries, keys and values for a gradient `dy` of the result:
    /// `dv = pᵀ dy`, `ds = p (dy v − Σ p (dy v))` times the score's slope, `dq = ds k`, `dk = dsᵀ q`.
    static func attentionGradients(
        _ q: Matrix, _ k: Matrix, _ v: Matrix, _ dy: Matrix, heads: Int, keyValueHeads: Int, headDim: Int,
        segments: [Segment], scores: Scores
    ) -> [Matrix] {
        var dq = Matrix(repeating: 0, count: q.count)
        var (dk, dv) = (Matrix(repeating: 0, count: k.count), Matrix(repeating: 0, count: k.count))
        walk(q, k, heads: heads, keyValueHeads: keyValueHeads, headDim: headDim, segments, scores) { query, keys, weights, slopes in
            var dots = Matrix(repeating: 0, count: keys.count)
            var mean = 0.0
            for (j, key) in keys.enumerated() {
                for d in 0..<headDim { dots[j] += dy[query + d] * v[key + d] }
                mean += weights[j] * dots[j]
            }
            for (j, key) in keys.enumerated() {
                let ds = weights[j] * (dots[j] - mean) * slopes[j]
                for d in 0..<headDim {
                    dv[key + d] += weights[j] * dy[query + d]
                    dq[query + d] += ds * k[key + d]
                    dk[key + d] += ds * q[query + d]
                }
            }
        }
        return [dq, dk, dv]
    }

    /// Calls `visit` for each query and head with the places of the head's values in `q` and in the rows of
    /// `k` and `v` that it sees, with the softmax of its scores, and with their derivatives by the products.
    private static func walk(
        _ q: Matrix, _ k: Matrix, heads: Int, keyValueHeads: Int, headDim: Int, _ segments: [Segment],
        _ scores: Scores, _ visit: (_ query: Int, _ keys: [Int], _ weights: Matrix, _ slopes: Matrix) -> Void
    ) {
        for segment in segments {
            for head in 0..<heads {
                let keyHead = head / (heads / keyValueHeads)
                let all = segment.keys.map { ($0 * keyValueHeads + keyHead) * headDim }
                for (row, visible) in zip(segment.queries, segment.visible) {
                    let query = (row * heads + head) * headDim
                    let keys = Array(all.prefix(visible).suffix(segment.window))
                    var (weights, slopes) = (Matrix(repeating: 0, count: keys.count), Matrix(repeating: 0, count: keys.count))
                    var total = 0.0
                    for (j, key) in keys.enumerated() {
                        var dot = 0.0
                        for d in 0..<headDim { dot += q[query + d] * k[key + d] }
                        weights[j] = exp(scores.value(dot))
                        slopes[j] = scores.slope(dot)
                        total += weights[j]
                    }
                    for j in weights.indices { weights[j] /= total }
                    visit(query, keys, weights, slopes)
                }
            }
        }
    }

    /// The sum of cross-entropies.
    static func crossEntropy(_ logits: Matrix, targets: [Int]) -> Double {
        let width = logits.count / targets.count
        return targets.enumerated().reduce(0) { sum, row in
            let x = logits[row.offset * width..<(row.offset + 1) * width]
            return sum + log(x.reduce(0) { $0 + exp($1) }) - x[x.startIndex + row.element]
        }
    }
}

/// A tensor of normal random values that gets a gradient.
func randomParameter(_ shape: [Int], seed: UInt64, _ precision: Precision = .float32) -> Tensor {
    var generator = RandomGenerator(seed: seed)
    let tensor = Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape, precision: precision)
    tensor.isTrainable = true
    return tensor
}
