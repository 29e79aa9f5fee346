/// A row-major array of float32 values that remembers how it was made, so that gradients can be
/// taken of it.
///
/// Tensors are eager: an operation computes at once. Where an input tracks gradients the result
/// records the operation, and ``backward(seed:)`` walks the record. A tensor belongs to one thread
/// at a time; operations share their inner loops among the threads of the pool.
public final class Tensor {
    /// The size of each dimension, the last one contiguous.
    public let shape: [Int]

    let storage: Storage

    /// The first value's place in `storage`.
    let offset: Int

    /// The number of values.
    public let count: Int

    /// Whether this tensor is a parameter whose gradient somebody wants.
    public var isTrainable = false

    /// The operation that made this tensor, while its record is kept.
    var producer: Operation?

    /// The gradient that ``backward(seed:)`` left here: of the shape of the tensor, `nil` before
    /// and for tensors that nobody trains.
    public internal(set) var gradient: Tensor?

    /// Whether `gradient` is also held by another tensor and must not be written to.
    var gradientIsBorrowed = false

    /// Whether this is a parameter, read unchanged by many steps while it is frozen.
    var keepsRoundedCopies = false

    /// Copies of a frozen parameter as a 16-bit product reads it, by precision.
    var roundedCopies: [Precision: Storage] = [:]

    /// A tensor whose values are undefined until written.
    init(uninitialized shape: [Int]) {
        self.shape = shape
        count = shape.reduce(1, *)
        offset = 0
        storage = Storage(count: count)
    }

    /// A tensor of the first values of another's storage, without a copy.
    private init(viewing other: Tensor, shape: [Int]) {
        self.shape = shape
        offset = other.offset
        count = shape.reduce(1, *)
        storage = other.storage
        precondition(count <= other.count, "a view must lie inside its tensor")
    }

    /// A tensor of `values`, whose number must be the product of `shape`.
    public convenience init(_ values: some Collection<Float>, shape: [Int]) {
        self.init(uninitialized: shape)
        precondition(values.count == count, "\(values.count) values cannot have the shape \(shape)")
        _ = UnsafeMutableBufferPointer(start: pointer, count: count).initialize(fromContentsOf: values)
    }

    /// A tensor with every value the same.
    public convenience init(repeating value: Float, shape: [Int]) {
        self.init(uninitialized: shape)
        pointer.initialize(repeating: value, count: count)
    }

    /// The first value.
    var pointer: UnsafeMutablePointer<Float> { storage.pointer + offset }

    /// The size of the last dimension; 1 for a scalar.
    var width: Int { shape.last ?? 1 }

    /// The number of rows: the product of all dimensions but the last.
    public var rows: Int { shape.dropLast().reduce(1, *) }

    /// Marks a tensor as a parameter: while it is frozen, what products derive from it is kept.
    public func becomeParameter() { keepsRoundedCopies = true }

    /// Whether a gradient with respect to this tensor is of use to anybody.
    public var needsGradient: Bool { isTrainable || producer != nil }

    /// The values, in row-major order.
    public var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// The only value of a tensor of one.
    public var scalar: Float {
        precondition(count == 1, "a tensor of shape \(shape) is no scalar")
        return pointer[0]
    }

    /// Gives access to the values in place, to read or to change a parameter. What was derived from
    /// a parameter's old values (its rounded copies) is dropped.
    public func withMutableValues<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
        roundedCopies = [:]
        return try body(UnsafeMutableBufferPointer(start: pointer, count: count))
    }

    /// Gives access to the values in place, to read.
    public func withValues<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
        try body(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// The first `rows` rows of a matrix, sharing its memory. Outside of the gradient's record.
    public func prefix(rows: Int) -> Tensor {
        Tensor(viewing: self, shape: [rows, width])
    }

    /// Writes the rows of `source` over the rows from `first` on.
    public func replaceRows(from first: Int, with source: Tensor) {
        precondition(source.width == width && first + source.rows <= rows, "the rows must fit")
        roundedCopies = [:]
        (pointer + first * width).update(from: source.pointer, count: source.count)
    }

    /// Drops the gradient.
    public func clearGradient() {
        gradient = nil
        gradientIsBorrowed = false
    }
}
