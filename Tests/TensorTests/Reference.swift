import Foundation

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
        return x.indices.map { index in
            let row = index / width
            let mean = x[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 } / Double(width)
            return weight[index % width] * x[index] / (mean + epsilon).squareRoot()
        }
    }

    static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    static func rope(_ x: Matrix, positions: [Int], headDim: Int, base: Double, interleaved: Bool) -> Matrix {
        let width = x.count / positions.count
        var y = x
        for (row, position) in positions.enumerated() {
            for head in 0..<width / headDim {
                let start = row * width + head * headDim
                for j in 0..<headDim / 2 {
                    let angle = Double(position) / pow(base, Double(2 * j) / Double(headDim))
                    let (first, second) = interleaved ? (start + 2 * j, start + 2 * j + 1) : (start + j, start + j + headDim / 2)
                    y[first] = x[first] * cos(angle) - x[second] * sin(angle)
                    y[second] = x[first] * sin(angle) + x[second] * cos(angle)
                }
            }
        }
        return y
    }

    /// Segments as (first query, queries, first key, keys).
    static func attention(
        _ q: Matrix, _ k: Matrix, _ v: Matrix, rows: Int, heads: Int, keyValueHeads: Int, headDim: Int,
        segments: [(Int, Int, Int, Int)]
    ) -> Matrix {
        var y = Matrix(repeating: 0, count: rows * heads * headDim)
        for (firstQuery, queries, firstKey, keys) in segments {
            for head in 0..<heads {
                let keyHead = head / (heads / keyValueHeads)
                for i in 0..<queries {
                    let visible = keys - queries + i + 1
                    func dot(_ j: Int) -> Double {
                        (0..<headDim).reduce(0) {
                            $0 + q[((firstQuery + i) * heads + head) * headDim + $1]
                                * k[((firstKey + j) * keyValueHeads + keyHead) * headDim + $1]
                        } / Double(headDim).squareRoot()
                    }
                    let weights = (0..<visible).map { exp(dot($0)) }
                    let total = weights.reduce(0, +)
                    for d in 0..<headDim {
                        y[((firstQuery + i) * heads + head) * headDim + d] = (0..<visible).reduce(0) {
                            $0 + weights[$1] / total * v[((firstKey + $1) * keyValueHeads + keyHead) * headDim + d]
                        }
                    }
                }
            }
        }
        return y
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
