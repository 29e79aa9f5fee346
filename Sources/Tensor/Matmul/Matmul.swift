/// A matrix product `c = a b` whose right operand is packed beforehand: a frozen weight is packed once
/// and read by every step.
///
/// An implementation runs on the calling thread alone and may be called from several at once. The
/// value of an element depends on the sizes alone, not on the rows and columns it is computed with.
public protocol Matmul: Sendable {
    /// A name for messages and flags.
    var name: String { get }

    /// Whether products of bfloat16 are computed as such; without, values are rounded to bfloat16 and
    /// multiplied as float32, to the same result within the order of summation.
    var multipliesBFloat16: Bool { get }

    /// Puts the right operand of products into the form that this implementation reads.
    ///
    /// - Parameters:
    ///   - matrix: the operand, or what it is the transpose of
    ///   - precision: the type the products read; values are rounded to it
    func pack(_ matrix: MatrixOperand, precision: Precision) -> any PackedMatrix

    /// The transpose of a packed matrix, where it can be had without packing anew; `nil` elsewhere, as by default.
    ///
    /// - Parameter b: what ``pack(_:precision:)`` of this implementation returned
    func transpose(of b: any PackedMatrix) -> (any PackedMatrix)?

    /// The values of a packed matrix, row by row, in its precision.
    ///
    /// - Parameters:
    ///   - b: what ``pack(_:precision:)`` of this implementation returned
    ///   - target: memory for `b.rows * b.columns` values
    func unpack(_ b: any PackedMatrix, into target: UnsafeMutableRawPointer)

    /// `c = a b`, or `c += a b`, for a block of rows and the columns `columns` of `b`; sums are float32
    /// and rounded to the type of `c` at the end.
    ///
    /// - Parameters:
    ///   - rows: the number of rows of `a` and `c`
    ///   - a: rows of `b.rows` values of `b.precision`
    ///   - b: what ``pack(_:precision:)`` of this implementation returned
    ///   - columns: a range of the columns of `b` that begins at a multiple of its ``PackedMatrix/columnGrain`` and ends at
    ///     one, or at the last column
    ///   - c: the first value of the result's rows, at the first of the columns
    ///   - accumulating: whether the product is added to `c`
    func multiply(
        rows: Int, _ a: ConstantRows, by b: any PackedMatrix, columns: Range<Int>, into c: MutableRows, accumulating: Bool)
}

/// The right operand of products, in the form that one implementation reads.
public protocol PackedMatrix: AnyObject {
    /// The summed dimension.
    var rows: Int { get }
    /// The width of the products' results.
    var columns: Int { get }
    /// The type that products read, to which the values are rounded.
    var precision: Precision { get }
    /// Ranges of columns begin at multiples of this.
    var columnGrain: Int { get }
    /// Whether the values are a copy, so that the matrix they came from can be parted with.
    var ownsValues: Bool { get }
}

/// A matrix in memory: rows `stride` values apart, read as it is or transposed. The memory lives for as long as
/// somebody holds the operand.
public struct MatrixOperand {
    /// The first stored value.
    public let address: UnsafeRawPointer
    /// The type of the stored values.
    public let precision: Precision
    /// The distance from one stored row to the next, in values.
    public let stride: Int
    /// The number of the operand's rows, after it is transposed.
    public let rows: Int
    /// The number of the operand's columns, after it is transposed.
    public let columns: Int
    /// Whether the product reads the transpose of what is stored.
    public let isTransposed: Bool
    /// Keeps the memory alive for whom holds it.
    let owner: Storage
}

/// Rows of values to read, `stride` values apart.
public struct ConstantRows {
    /// The first value of the first row.
    public let address: UnsafeRawPointer
    /// The type of the values.
    public let precision: Precision
    /// The distance from one row to the next, in values.
    public let stride: Int
}

/// Rows of values to write, `stride` values apart.
public struct MutableRows {
    /// The first value of the first row.
    public let address: UnsafeMutableRawPointer
    /// The type that values are rounded to.
    public let precision: Precision
    /// The distance from one row to the next, in values.
    public let stride: Int
}

/// Which form of a tensor is meant: products of one implementation in one precision, by the matrix as
/// it is stored or by its transpose.
struct PackedForm: Hashable {
    let matmul: String
    let precision: Precision
    let isTransposed: Bool
}

extension Tensor {
    /// The matrix as the right operand of products, made when it is first asked for and kept until the
    /// values change. A frozen matrix of the products' own precision that is packed in both directions, or in
    /// the one that is needed where no gradient is, is no longer kept as it was.
    ///
    /// - Parameter transposed: whether products read the transpose of the matrix
    func packed(transposed: Bool, _ context: ComputeContext) -> any PackedMatrix {
        let form = PackedForm(matmul: context.matmul.name, precision: context.precision, isTransposed: transposed)
        if let packed = packedForms[form]?.matrix { return packed }
        let opposite = packedForms[
            PackedForm(matmul: form.matmul, precision: form.precision, isTransposed: !transposed)]
        let packed =
            opposite.flatMap { context.matmul.transpose(of: $0.matrix) }
            ?? context.matmul.pack(
                MatrixOperand(
                    address: address(), precision: precision, stride: width, rows: transposed ? width : rows,
                    columns: transposed ? rows : width, isTransposed: transposed, owner: storage),
                precision: context.precision)
        packedForms[form] = (context.matmul, packed)
        // Without a backward pass the other direction will not be asked for.
        if isFrozenWeight, !isTrainable, opposite != nil || !context.recordsGraph { dropPlainValues() }
        return packed
    }

    /// A packed form that holds the very values; that of the matrix as it is stored where there is one.
    var exactForm: (matmul: any Matmul, matrix: any PackedMatrix, isTransposed: Bool)? {
        let exact = packedForms.filter { $0.key.precision == precision }
        return (exact.first { !$0.key.isTransposed } ?? exact.first).map { ($1.matmul, $1.matrix, $0.isTransposed) }
    }

    /// The values out of a packed form; `nil` where there is none.
    func unpackedStorage() -> Storage? {
        guard let (matmul, matrix, isTransposed) = exactForm else { return nil }
        let storage = Self.allocate(shape, precision)
        guard isTransposed else {
            matmul.unpack(matrix, into: storage.pointer)
            return storage
        }
        let transposed = Storage(bytes: max(count, 1) * precision.size)
        matmul.unpack(matrix, into: transposed.pointer)
        if precision == .float32 {
            transpose(UInt32.self, transposed, into: storage)
        } else {
            transpose(UInt16.self, transposed, into: storage)
        }
        return storage
    }

    /// Writes the transpose of `[width, rows]` values, a few rows and columns at a time, so that both sides stay near.
    private func transpose<Value>(_ type: Value.Type, _ source: Storage, into target: Storage) {
        let (rows, width, tile) = (rows, width, 32)
        let from = source.pointer.assumingMemoryBound(to: type)
        let to = target.pointer.assumingMemoryBound(to: type)
        Parallel.ranges(rows, grain: tile) { range in
            for first in stride(from: 0, to: width, by: tile) {
                for row in range {
                    for column in first..<min(first + tile, width) { to[row * width + column] = from[column * rows + row] }
                }
            }
        }
    }

    /// The rows from `first` on, to read.
    func rows(from first: Int) -> ConstantRows {
        ConstantRows(address: address(first * width), precision: precision, stride: width)
    }

    /// The rows from `first` on, to write.
    func mutableRows(from first: Int) -> MutableRows {
        MutableRows(address: address(first * width), precision: precision, stride: width)
    }
}

extension Matmul {
    public func transpose(of b: any PackedMatrix) -> (any PackedMatrix)? { nil }

    /// `y = x b`, or `y += x b`, shared among the threads of the pool.
    ///
    /// - Parameters:
    ///   - x: `[rows, b.rows]` of `b.precision`
    ///   - y: `[rows, b.columns]` of any type
    func multiply(_ x: Tensor, by b: any PackedMatrix, into y: Tensor, accumulating: Bool = false) {
        let blocks = RowBlocks(x.rows)
        if blocks.count > 1 {
            Parallel.forEach(blocks.count) { multiply(x, by: b, into: y, block: blocks[$0], accumulating: accumulating) }
        } else {
            // Few rows: the columns are shared instead.
            let grain = b.columnGrain
            let width = max(grain, (b.columns + 15) / 16 / grain * grain)
            Parallel.ranges(b.columns, grain: width) { columns in
                multiply(
                    rows: x.rows, x.rows(from: 0), by: b, columns: columns,
                    into: MutableRows(address: y.address(columns.lowerBound), precision: y.precision, stride: y.width),
                    accumulating: accumulating)
            }
        }
    }

    /// The product for one block of rows, on the calling thread.
    func multiply(_ x: Tensor, by b: any PackedMatrix, into y: Tensor, block: Range<Int>, accumulating: Bool = false) {
        multiply(
            rows: block.count, x.rows(from: block.lowerBound), by: b, columns: 0..<b.columns,
            into: y.mutableRows(from: block.lowerBound), accumulating: accumulating)
    }
}
