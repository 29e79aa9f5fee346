import CKernels

/// A row-major array of numbers that remembers how it was made, so that gradients can be taken of it.
///
/// Tensors are eager: an operation computes at once. Where an input tracks gradients the result
/// records the operation, and ``backward(seed:onReady:)`` walks the record. A tensor belongs to one thread
/// at a time; operations share their inner loops among the threads of the pool.
public final class Tensor {
    /// The size of each dimension, the last one contiguous.
    public let shape: [Int]

    /// The type of the values in memory. Parameters that are trained, norms, losses and the residual
    /// stream are float32; what one matrix product hands to the next has the context's precision.
    public let precision: Precision

    /// The number of values.
    public let count: Int

    /// The values; `nil` while they are held by ``packedForms`` alone.
    private var plainStorage: Storage?

    /// The memory of the values. Not to be asked for from several threads at once, since values that are
    /// held by a packed form alone are unpacked here: a loop takes the address before it begins.
    var storage: Storage {
        if let plainStorage { return plainStorage }
        guard let storage = unpackedStorage() else { preconditionFailure("a tensor without values") }
        plainStorage = storage
        return storage
    }

    /// What the record of gradients knows of this tensor. Apart from the values, so that a record can
    /// outlive values that no gradient needs.
    let node: GradientNode

    /// Forms of the values that matrix products read, made once and kept until the values change.
    var packedForms: [PackedForm: (matmul: any Matmul, matrix: any PackedMatrix)] = [:] {
        didSet { if packedForms.isEmpty { changes &+= 1 } }
    }

    /// Grows whenever values are about to change: what is derived from them and kept elsewhere is valid while
    /// this stays.
    package private(set) var changes: UInt64 = 0

    /// Whether this is a model's own weight, which products alone read.
    package var isFrozenWeight = false

    /// Rows are allocated in multiples of this, so that products may run over whole blocks of rows;
    /// what lies behind the last row is undefined.
    static let rowBlock = 8

    /// A tensor whose values are undefined until written.
    init(uninitialized shape: [Int], _ precision: Precision = .float32) {
        self.shape = shape
        self.precision = precision
        count = shape.reduce(1, *)
        plainStorage = Self.allocate(shape, precision)
        node = GradientNode(shape: shape, precision: precision)
    }

    /// Memory for the values, in whole blocks of rows.
    static func allocate(_ shape: [Int], _ precision: Precision) -> Storage {
        let rows = shape.dropLast().reduce(1, *)
        let allocated = rows < rowBlock ? rows : (rows + rowBlock - 1) / rowBlock * rowBlock
        return Storage(bytes: max(allocated, 1) * (shape.last ?? 1) * precision.size)
    }

    /// A tensor of the first values of another's storage, without a copy.
    private init(viewing other: Tensor, shape: [Int]) {
        self.shape = shape
        precision = other.precision
        count = shape.reduce(1, *)
        plainStorage = other.storage
        node = GradientNode(shape: shape, precision: precision)
        precondition(count <= other.count, "a view must lie inside its tensor")
    }

    /// A tensor of `values`, whose number must be the product of `shape`.
    ///
    /// - Parameter precision: the type the values are rounded to
    public convenience init(_ values: some Collection<Float>, shape: [Int], precision: Precision = .float32) {
        self.init(uninitialized: shape, precision)
        precondition(values.count == count, "\(values.count) values cannot have the shape \(shape)")
        if precision == .float32 {
            _ = UnsafeMutableBufferPointer(start: pointer, count: count).initialize(fromContentsOf: values)
        } else {
            Array(values).withUnsafeBufferPointer { convert_values(Int64(count), 0, $0.baseAddress, precision.code, address()) }
        }
    }

    /// A tensor of float32 with every value the same.
    public convenience init(repeating value: Float, shape: [Int]) {
        self.init(uninitialized: shape)
        fill(with: value)
    }

    /// A tensor of zeros, of the type of another one.
    package convenience init(zeros shape: [Int], like other: Tensor) {
        self.init(uninitialized: shape, other.precision)
        address().initializeMemory(as: UInt8.self, repeating: 0, count: count * precision.size)
    }

    /// Whether the values are held as they are, and not by packed forms alone.
    var holdsPlainValues: Bool { plainStorage != nil }

    /// Parts with the values where a packed form holds them: a frozen weight is read by products alone.
    /// They are unpacked again when somebody asks for them.
    func dropPlainValues() {
        guard exactForm?.matrix.ownsValues == true else { return }
        plainStorage = nil
    }

    /// Sets every value of a float32 tensor.
    func fill(with value: Float) {
        Parallel.ranges(count, grain: 1 << 18) {
            (pointer + $0.lowerBound).initialize(repeating: value, count: $0.count)
        }
    }

    /// The values of a float32 tensor.
    var pointer: UnsafeMutablePointer<Float> {
        precondition(precision == .float32, "a \(precision) tensor is not read as float32")
        return storage.pointer.assumingMemoryBound(to: Float.self)
    }

    /// The address of a value, whatever its type.
    func address(_ index: Int = 0) -> UnsafeMutableRawPointer { storage.pointer + index * precision.size }

    /// The size of the last dimension; 1 for a scalar.
    public var width: Int { shape.last ?? 1 }

    /// The number of rows: the product of all dimensions but the last.
    public var rows: Int { shape.dropLast().reduce(1, *) }

    /// The values, in row-major order. Those that a packed form alone holds are unpacked for this copy only.
    public var values: [Float] {
        let source = plainStorage ?? unpackedStorage() ?? storage
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            convert_values(Int64(count), precision.code, source.pointer, 0, buffer.baseAddress)
            initialized = count
        }
    }

    /// The only value of a tensor of one.
    public var scalar: Float {
        precondition(count == 1, "a tensor of shape \(shape) is no scalar")
        return values[0]
    }

    /// Gives access to the values of a float32 tensor in place, to read or to change a parameter. What
    /// was derived from a parameter's old values is dropped.
    ///
    /// - Parameter body: gets the values in row-major order; the buffer is good for as long as it runs
    /// - Throws: what `body` throws
    public func withMutableValues<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
        let start = pointer
        packedForms = [:]
        return try body(UnsafeMutableBufferPointer(start: start, count: count))
    }

    /// The first `rows` rows of a matrix, `[rows, width]`, sharing its memory. Outside of the gradient's record.
    public func prefix(rows: Int) -> Tensor {
        Tensor(viewing: self, shape: [rows, width])
    }

    /// The same values in another shape of as many, sharing their memory. Outside of the gradient's record.
    package func reshaped(to shape: [Int]) -> Tensor {
        precondition(shape.reduce(1, *) == count, "\(self.shape) has not the values of \(shape)")
        return Tensor(viewing: self, shape: shape)
    }

    /// The same values, sharing their memory, as a tensor that nobody made.
    func withoutRecord() -> Tensor { Tensor(viewing: self, shape: shape) }

    /// Writes the rows of `source`, `[rows, width]` of any type, over the rows from `first` on.
    ///
    /// - Parameter sourceRows: which rows of `source`; `nil` for all
    public func replaceRows(from first: Int, with source: Tensor, rows sourceRows: Range<Int>? = nil) {
        let sourceRows = sourceRows ?? 0..<source.rows
        precondition(source.width == width && first + sourceRows.count <= rows, "the rows must fit")
        precondition(sourceRows.lowerBound >= 0 && sourceRows.upperBound <= source.rows, "\(sourceRows) of \(source.rows) rows")
        let target = address(first * width)
        packedForms = [:]
        convert_values(
            Int64(sourceRows.count * width), source.precision.code, source.address(sourceRows.lowerBound * width), precision.code,
            target)
    }
}
