import CKernels
import Synchronization

/// Looks for the first value that is NaN or too large, in parts that several threads hand in.
final class OverflowSearch: Sendable {
    private let limit: Float
    private let precision: Precision
    private let first = Atomic(Int.max)

    /// - Parameters:
    ///   - limit: the smallest magnitude that is too large
    ///   - precision: the type of the values
    init(limit: Float, _ precision: Precision) {
        self.limit = limit
        self.precision = precision
    }

    /// Looks at the values at `start`, whose places are those of the range.
    func look(at start: UnsafeRawPointer, _ range: Range<Int>) {
        let place = Int(first_beyond(Int64(range.count), limit, precision.code, start))
        if place < range.count { first.min(range.lowerBound + place, ordering: .relaxed) }
    }

    /// The place of the first such value; `nil` if all were smaller.
    var place: Int? {
        let place = first.load(ordering: .relaxed)
        return place == .max ? nil : place
    }
}

extension Tensor {
    /// The place, in row-major order, of the first value that is NaN or of a magnitude of `limit` or more; `nil` if
    /// all are smaller.
    package func firstPlace(beyond limit: Float) -> Int? {
        let search = OverflowSearch(limit: limit, precision)
        let start = UnsafeRawPointer(address())
        Parallel.ranges(count) { search.look(at: start + $0.lowerBound * precision.size, $0) }
        return search.place
    }

    /// Whether every value is a finite number.
    public var isFinite: Bool { firstPlace(beyond: .infinity) == nil }
}

extension ElementType {
    /// The smallest magnitude that the type has no finite value for, of values in float32.
    package var overflow: Float {
        switch self {
        // Half of the step beyond 65,504, which rounds to the even one: infinity.
        case .float16: 65520
        // The largest value of a block is 127 times its scale, a half.
        case .q8_0: 65520 * 127
        case .bfloat16: Float(bitPattern: 0x7F7F_8000)
        default: .infinity
        }
    }
}

extension Array where Element == Int {
    /// The index in each dimension of a place in row-major order, where the array is the shape.
    package func index(ofPlace place: Int) -> [Int] {
        var rest = place
        var index: [Int] = []
        for size in reversed() where size > 0 {
            index.append(rest % size)
            rest /= size
        }
        return index.reversed()
    }
}

extension StoredTensor {
    /// What is wrong with a value that is not finite, or becomes so where it is rounded to a type.
    func error(ofValueAt place: Int, in precision: Precision) -> TensorFileError {
        let (value, index) = (value(at: place), shape.index(ofPlace: place))
        return value.isFinite ? .beyondRange(value: value, index: index, of: precision) : .notFinite(value: value, index: index)
    }

    /// Where its first value is that is no finite float32, and what is wrong with it; `nil` where all are, and where the
    /// elements are no real numbers.
    package var firstNotFinite: TensorFileError? {
        if elementType.isInteger { return nil }
        // Without a copy where it can be, as nobody wants the values.
        if let type = elementType.precision, isContiguous {
            let search = OverflowSearch(limit: .infinity, type)
            let isDone = contiguousBytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress, UInt(bitPattern: start) % UInt(type.size) == 0 else { return false }
                Parallel.ranges(count) { search.look(at: start + $0.lowerBound * type.size, $0) }
                return true
            }
            if isDone { return search.place.map { error(ofValueAt: $0, in: .float32) } }
        }
        do throws(TensorFileError) {
            _ = try Tensor(finite: self)
            return nil
        } catch .unsupported {
            return nil
        } catch {
            return error
        }
    }
}
