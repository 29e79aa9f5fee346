import CKernels
import Foundation

/// Which values of a head turn together.
public enum RotaryLayout: Sendable {
    /// Pairs `(2j, 2j + 1)`, as complex numbers lie in memory.
    case interleaved
    /// Pairs `(j, j + headDim / 2)`, as Hugging Face's models have it; of a head that turns in part, half of that part.
    case rotateHalf
}

/// The angles of rotary position embeddings (Su et al. 2021): position `p` turns pair `j` by
/// `p / base^(2j / headDim)`. Computed in float32, step by step as PyTorch does.
public struct RotaryTable {
    /// The number of positions.
    public let positions: Int
    let half: Int
    let cosine: Tensor
    let sine: Tensor

    /// The angles of the published embeddings.
    ///
    /// - Parameters:
    ///   - headDim: even: values turn in pairs
    ///   - base: of the frequencies, 10,000 as published
    public init(positions: Int, headDim: Int, base: Float) {
        self.init(positions: positions, frequencies: Self.frequencies(headDim: headDim, base: base))
    }

    /// Angles of frequencies that are known.
    ///
    /// - Parameters:
    ///   - frequencies: of each pair, in radians a position
    ///   - amplitude: the factor of every turned value
    public init(positions: Int, frequencies: [Float], amplitude: Float = 1) {
        let angles = (0..<positions).flatMap { position in frequencies.map { Float(position) * $0 } }
        self.init(angles: angles, pairs: frequencies.count, amplitude: amplitude)
    }

    /// Angles that are known one by one, such as those of the tokens of a row.
    ///
    /// - Parameters:
    ///   - angles: `[positions, pairs]`, in radians
    ///   - amplitude: the factor of every turned value
    public init(angles: [Float], pairs: Int, amplitude: Float = 1) {
        positions = angles.count / pairs
        half = pairs
        cosine = Tensor(angles.map { cosf($0) * amplitude }, shape: [positions, half])
        sine = Tensor(angles.map { sinf($0) * amplitude }, shape: [positions, half])
    }

    /// The same angles, with the turned values of each position multiplied by a factor of its own.
    ///
    /// - Parameter factors: one a position
    public func scaled(by factors: [Float]) -> RotaryTable {
        precondition(factors.count == positions, "a factor for each position")
        func rows(_ table: Tensor) -> Tensor {
            let values = table.values.enumerated().map { $1 * factors[$0 / half] }
            return Tensor(values, shape: table.shape)
        }
        return RotaryTable(positions: positions, half: half, cosine: rows(cosine), sine: rows(sine))
    }

    private init(positions: Int, half: Int, cosine: Tensor, sine: Tensor) {
        (self.positions, self.half) = (positions, half)
        (self.cosine, self.sine) = (cosine, sine)
    }

    /// The frequencies of a head, `base^(-2j / headDim)` for pair `j`.
    public static func frequencies(headDim: Int, base: Float) -> [Float] {
        precondition(headDim > 0 && headDim % 2 == 0, "a head of \(headDim) values does not turn in pairs")
        return (0..<headDim / 2).map { 1 / powf(base, Float(2 * $0) / Float(headDim)) }
    }
}

/// Turns every head of every row by the angles of the row's position, or, where the table has fewer pairs than half a
/// head, the first values of every head, as GPT-NeoX does (Black et al. 2022); the others pass through.
///
/// The gradient is turned back by the same angles.
///
/// - Parameters:
///   - x: `[tokens, heads * headDim]`, of any type
///   - positions: one a token, each below `table.positions`
///   - headDim: at least twice the table's pairs; `nil` for as many, all of which turn
/// - Returns: the shape and type of `x`
public func rotate(
    _ x: Tensor, positions: [Int32], table: RotaryTable, layout: RotaryLayout, headDim: Int? = nil
) -> Tensor {
    let turnedDim = 2 * table.half
    let headDim = headDim ?? turnedDim
    precondition(headDim >= turnedDim, "a head of \(headDim) values has no \(turnedDim) to turn")
    precondition(positions.count == x.rows && x.width % headDim == 0, "one position a row, whole heads a row")
    precondition(positions.allSatisfy { $0 >= 0 && $0 < table.positions }, "positions lie inside the table")
    let context = ComputeContext.current
    func turned(_ x: Tensor, direction: Float) -> Tensor {
        let y = Tensor(uninitialized: x.shape, x.precision)
        let width = x.width
        context.measuring(.elementwise) {
            positions.withUnsafeBufferPointer { positions in
                guard let positions = positions.baseAddress else { return }
                Parallel.rows(x.rows, width: width) {
                    let first = $0.lowerBound
                    rope_rotate(
                        Int64($0.count), Int64(width / headDim), Int64(headDim), Int64(turnedDim),
                        layout == .interleaved ? 1 : 0, direction, positions + first, table.cosine.pointer,
                        table.sine.pointer, x.precision.code, x.address(first * width), y.address(first * width))
                }
            }
        }
        return y
    }
    let y = turned(x, direction: 1)
    let node = x.node
    y.record(inputs: [x]) { node.accumulate(turned($0, direction: -1)) }
    return y
}
