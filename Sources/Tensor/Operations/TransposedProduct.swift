import CKernels

/// Adds `aᵀ b` to the gradient of a weight: each element is the sum over all rows, taken in their order.
///
/// - Parameters:
///   - a: `[rows, m]`
///   - b: `[rows, n]`, of the type of `a`
///   - node: of a parameter `[m, n]`
func addTransposedProduct(_ a: Tensor, _ b: Tensor, to node: GradientNode, _ context: ComputeContext) {
    node.withGradientToAdd { gradient, isFresh in
        // The product wants its wide side on the right; a narrow right side is computed transposed.
        let product =
            a.width > b.width
            ? TransposedProduct(left: b, right: a, isTransposed: true, context)
            : TransposedProduct(left: a, right: b, isTransposed: false, context)
        context.measuring(.lora, operations: 2 * a.rows * a.width * b.width) {
            product.run(gradient, accumulating: !isFresh)
        }
    }
}

/// A product `leftᵀ right` over the rows of both.
private struct TransposedProduct {
    /// Columns of the right side that one task takes.
    private static let panelWidth = 64
    /// Units that are summed at a time, so that both sides stay in the cache.
    private static let blockUnits = 512

    let left: Tensor
    let right: Tensor
    /// Whether the result is written transposed.
    let isTransposed: Bool
    let unit: Int32

    init(left: Tensor, right: Tensor, isTransposed: Bool, _ context: ComputeContext) {
        self.left = left
        self.right = right
        self.isTransposed = isTransposed
        unit = context.productUnit(left.precision)
    }

    func run(_ gradient: Tensor, accumulating: Bool) {
        let (rows, m) = (Int64(left.rows), left.width)
        let units = Int(unit_count(unit, rows))
        let packedLeft = Storage(bytes: 4 * units * m)
        Parallel.ranges(m, grain: Self.panelWidth) {
            pack_rows(
                unit, rows, Int64($0.count), left.precision.code, left.address($0.lowerBound), Int64(m),
                packedLeft.pointer + 4 * $0.lowerBound, Int64(m))
        }
        Parallel.ranges(right.width, grain: Self.panelWidth) { columns in
            let width = columns.count
            let panelWidth = (width + 15) / 16 * 16
            let panel = Storage(bytes: 4 * units * panelWidth)
            pack_rows(
                unit, rows, Int64(width), right.precision.code, right.address(columns.lowerBound), Int64(right.width),
                panel.pointer, Int64(panelWidth))
            let storage = Storage(bytes: 4 * m * panelWidth)
            let sums = storage.pointer.assumingMemoryBound(to: Float.self)
            for first in stride(from: 0, to: max(units, 1), by: Self.blockUnits) {
                multiply_units(
                    unit, Int64(m), Int64(width), Int64(min(Self.blockUnits, units - first)),
                    packedLeft.pointer + 4 * first * m, 1, Int64(m), panel.pointer + 4 * first * panelWidth,
                    Int64(panelWidth), first == 0 ? 0 : 1, sums, Int64(panelWidth))
            }
            if isTransposed {
                for column in 0..<width {
                    let target = gradient.pointer + (columns.lowerBound + column) * m
                    for row in 0..<m {
                        target[row] = sums[row * panelWidth + column] + (accumulating ? target[row] : 0)
                    }
                }
            } else {
                store_rows(
                    Int64(m), Int64(width), sums, Int64(panelWidth), accumulating ? 1 : 0, 0,
                    gradient.pointer + columns.lowerBound, Int64(right.width))
            }
            withExtendedLifetime((panel, storage)) {}
        }
        withExtendedLifetime(packedLeft) {}
    }
}

extension ComputeContext {
    /// How our own products read values of a type: as pairs where bfloat16 is multiplied as such.
    func productUnit(_ precision: Precision) -> Int32 {
        let isReal = precision == .bfloat16 && matmul.multipliesBFloat16 && has_bfloat16_products() != 0
        return Int32(isReal ? unit_pair : unit_float)
    }
}
