/// A matrix in memory: rows `stride` apart, read as it is or transposed.
public struct MatrixOperand {
    public let pointer: UnsafePointer<Float>
    /// The distance from one stored row to the next, in values.
    public let stride: Int
    /// Whether the product reads the transpose of what is stored.
    public let isTransposed: Bool

    public init(_ pointer: UnsafePointer<Float>, stride: Int, transposed: Bool = false) {
        self.pointer = pointer
        self.stride = stride
        isTransposed = transposed
    }
}

/// The size of a product: [m, k] times [k, n] gives [m, n].
public struct ProductSize: Sendable {
    public let m: Int
    public let n: Int
    public let k: Int

    public init(m: Int, n: Int, k: Int) {
        self.m = m
        self.n = n
        self.k = k
    }
}

/// A matrix product in float32. An implementation runs on the calling thread alone and may be
/// called from several at once.
public protocol Matmul: Sendable {
    /// A name for messages and flags.
    var name: String { get }

    /// `c = alpha a b + beta c`; `c` is row-major with rows `stride` apart and is not read where
    /// `beta` is 0.
    func multiply(
        _ size: ProductSize, alpha: Float, _ a: MatrixOperand, _ b: MatrixOperand, beta: Float,
        _ c: UnsafeMutablePointer<Float>, stride: Int)
}

extension Matmul {
    /// The same product, shared among the threads of the pool. The cut depends on the size alone.
    func multiplyInParallel(
        _ size: ProductSize, alpha: Float = 1, _ a: MatrixOperand, _ b: MatrixOperand,
        beta: Float = 0, _ c: UnsafeMutablePointer<Float>
    ) {
        let grid = ProductGrid(size)
        Parallel.forEach(grid.count) { index in
            let (rows, columns) = grid.tile(index)
            multiply(
                ProductSize(m: rows.count, n: columns.count, k: size.k), alpha: alpha,
                a.advanced(rows: rows.lowerBound), b.advanced(columns: columns.lowerBound), beta: beta,
                c + rows.lowerBound * size.n + columns.lowerBound, stride: size.n)
        }
    }
}

extension MatrixOperand {
    /// The operand from logical row `rows` on.
    fileprivate func advanced(rows: Int) -> MatrixOperand {
        MatrixOperand(pointer + (isTransposed ? rows : rows * stride), stride: stride, transposed: isTransposed)
    }

    /// The operand from logical column `columns` on.
    fileprivate func advanced(columns: Int) -> MatrixOperand {
        MatrixOperand(pointer + (isTransposed ? columns * stride : columns), stride: stride, transposed: isTransposed)
    }
}

/// How a product is cut into tiles: large enough that packing the shared operand anew for each is
/// cheap, numerous enough that cores finish together.
private struct ProductGrid {
    private let size: ProductSize
    private let tileRows: Int
    private let tileColumns: Int
    private let tilesAcross: Int
    let count: Int

    init(_ size: ProductSize) {
        self.size = size
        let isSmall = size.m * size.n * size.k < 200_000
        if isSmall {
            (tileRows, tileColumns) = (max(size.m, 1), max(size.n, 1))
        } else if size.m >= size.n / 4 && size.m >= 64 {
            tileRows = Self.tile(of: size.m, least: 96)
            tileColumns = size.n
        } else {
            tileRows = size.m
            tileColumns = Self.tile(of: size.n, least: 64)
        }
        tilesAcross = (size.n + tileColumns - 1) / tileColumns
        count = (size.m + tileRows - 1) / tileRows * tilesAcross
    }

    /// A sixteenth of a dimension, rounded up to a multiple of 16, and at least `least`.
    private static func tile(of dimension: Int, least: Int) -> Int {
        max(least, (dimension + 15) / 16 + 15) / 16 * 16
    }

    func tile(_ index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let row = index / tilesAcross * tileRows
        let column = index % tilesAcross * tileColumns
        return (row..<min(size.m, row + tileRows), column..<min(size.n, column + tileColumns))
    }
}
