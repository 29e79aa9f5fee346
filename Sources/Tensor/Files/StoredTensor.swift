import CKernels
import Foundation

/// A tensor as a file holds it: bytes of some element type, decoded when they are asked for.
public struct StoredTensor: Sendable {
    /// The size of each dimension.
    public let shape: [Int]
    /// The type of the elements in the file.
    public let elementType: ElementType
    let storage: SharedBytes
    /// Place of the first element in the storage, and the step of each dimension, in elements.
    let offset: Int
    let strides: [Int]

    /// Bytes that one or more tensors lie in; two that are the same object are written once.
    final class SharedBytes: Sendable {
        /// How many there are.
        let count: Int
        private let make: @Sendable () -> Foundation.Data

        /// The bytes themselves. Those that are made are made each time, and nobody keeps them.
        var bytes: Foundation.Data { make() }

        init(_ bytes: Foundation.Data) {
            count = bytes.count
            make = { bytes }
        }

        /// Bytes that are made when somebody asks for them, as of weights that a file packs.
        init(count: Int, _ make: @escaping @Sendable () -> Foundation.Data) {
            self.count = count
            self.make = make
        }
    }

    /// - Throws: ``TensorFileError/malformed(offset:_:)`` where the view does not lie in the storage
    init(shape: [Int], elementType: ElementType, storage: SharedBytes, offset: Int, strides: [Int]) throws(TensorFileError) {
        guard shape.count == strides.count, shape.count <= 32, offset >= 0, shape.allSatisfy({ $0 >= 0 }) else {
            throw .malformed(offset: 0, "a tensor of shape \(shape) and strides \(strides)")
        }
        // An expanded tensor has strides of 0, so the count is not bound by the storage.
        var (count, last, overflows) = (1, offset, false)
        for (size, stride) in zip(shape, strides) {
            let (newCount, countOverflows) = count.multipliedReportingOverflow(by: size)
            let (step, stepOverflows) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
            let (newLast, lastOverflows) = last.addingReportingOverflow(step)
            (count, last) = (newCount, newLast)
            overflows = overflows || countOverflows || stepOverflows || lastOverflows || stride < 0
        }
        let blockSize = elementType.elementsPerBlock
        if blockSize > 1 {
            let inOrder = strides == Self.contiguousStrides(shape) && offset % blockSize == 0
            guard inOrder, (shape.last ?? 1) % blockSize == 0 else {
                throw .malformed(
                    offset: 0, "a tensor of shape \(shape) and strides \(strides) that is not whole rows of \(elementType) blocks")
            }
        }
        let available = storage.count / elementType.size * blockSize
        // What is empty takes no bytes whatever its other sizes; memory for one row of it would be taken all the same.
        let isPlausible = count > 0 || shape.allSatisfy { $0 <= Self.maximumExpansion }
        guard !overflows, isPlausible, count == 0 || last < available, count <= max(available, Self.maximumExpansion) else {
            throw .malformed(
                offset: 0, "a tensor of shape \(shape) and strides \(strides) reaches beyond its storage of \(storage.count) bytes")
        }
        self.shape = shape
        self.elementType = elementType
        self.storage = storage
        // An empty slice may begin behind the end of its storage; nothing is read there.
        self.offset = count == 0 ? 0 : offset
        self.strides = strides
    }

    /// The most elements of a tensor that repeats a smaller storage (256 MB as float32).
    private static let maximumExpansion = 1 << 26

    private init(contiguous bytes: Foundation.Data, shape: [Int], as elementType: ElementType) {
        self.shape = shape
        self.elementType = elementType
        storage = SharedBytes(bytes)
        offset = 0
        strides = Self.contiguousStrides(shape)
    }

    /// A tensor of floating-point values, rounded to the type where it is a narrower one.
    ///
    /// - Parameter elementType: `float32`, `float16`, `bfloat16` or `float64`
    public init(shape: [Int], floats: [Float], as elementType: ElementType = .float32) {
        precondition(floats.count == shape.reduce(1, *), "\(floats.count) values cannot have the shape \(shape)")
        let bytes: Foundation.Data
        switch elementType {
        case .float32: bytes = Self.bytes(of: floats.map(\.bitPattern.littleEndian))
        case .float16: bytes = Self.bytes(of: floats.map { Half.bits($0).littleEndian })
        case .bfloat16: bytes = Self.bytes(of: floats.map { BFloat16.bits($0).littleEndian })
        case .float64: bytes = Self.bytes(of: floats.map { Double($0).bitPattern.littleEndian })
        default: preconditionFailure("\(elementType) holds no floating-point values")
        }
        self.init(contiguous: bytes, shape: shape, as: elementType)
    }

    /// A tensor of integers, each of which must fit in the type.
    ///
    /// - Parameter elementType: `int64`, `int32`, `int16`, `int8`, `uint32`, `uint8` or `bool` (of 0 and 1)
    public init(shape: [Int], integers: [Int], as elementType: ElementType = .int64) {
        precondition(integers.count == shape.reduce(1, *), "\(integers.count) values cannot have the shape \(shape)")
        let bytes: Foundation.Data
        switch elementType {
        case .int64: bytes = Self.bytes(of: integers.map { Int64($0).littleEndian })
        case .int32: bytes = Self.bytes(of: integers.map { Int32($0).littleEndian })
        case .int16: bytes = Self.bytes(of: integers.map { Int16($0).littleEndian })
        case .int8: bytes = Self.bytes(of: integers.map { Int8($0) })
        case .uint32: bytes = Self.bytes(of: integers.map { UInt32($0).littleEndian })
        case .uint8: bytes = Self.bytes(of: integers.map { UInt8($0) })
        case .bool:
            precondition(integers.allSatisfy { $0 == 0 || $0 == 1 }, "a truth value is 0 or 1")
            bytes = Self.bytes(of: integers.map { UInt8($0) })
        default: preconditionFailure("\(elementType) holds no integers")
        }
        self.init(contiguous: bytes, shape: shape, as: elementType)
    }

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// How many bytes the elements take, one behind the other.
    var byteCount: Int { count / elementType.elementsPerBlock * elementType.size }

    /// The values, row-major, as float32.
    ///
    /// - Throws: ``TensorFileError/unsupported(_:)`` for complex elements
    public func floats() throws(TensorFileError) -> [Float] {
        switch elementType {
        case .float32: decode(UInt32.self) { Float(bitPattern: $0) }
        case .float16: decode(UInt16.self, Half.float)
        case .bfloat16: decode(UInt16.self, BFloat16.float)
        case .float64: decode(UInt64.self) { Float(Double(bitPattern: $0)) }
        case .complex64, .complex128: throw .unsupported("complex numbers cannot be read as real ones")
        case _ where elementType.isQuantized:
            [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                buffer.baseAddress.map { dequantize(to: .float32, $0) }
                initialized = count
            }
        default:
            if let values = Float8(elementType)?.values { decode(UInt8.self) { values[Int($0)] } } else { try integers().map(Float.init) }
        }
    }

    /// A value by its place in row-major order: to be said of one, not to read many.
    func value(at place: Int) -> Double {
        if elementType == .float64 { return decode(UInt64.self) { Double(bitPattern: $0) }[place] }
        return (try? floats()).map { Double($0[place]) } ?? .nan
    }

    /// The values, row-major, as integers.
    ///
    /// - Throws: ``TensorFileError/unsupported(_:)`` for elements that are no integers
    public func integers() throws(TensorFileError) -> [Int] {
        switch elementType {
        case .int64: decode(UInt64.self) { Int(Int64(bitPattern: $0)) }
        case .int32: decode(UInt32.self) { Int(Int32(bitPattern: $0)) }
        case .int16: decode(UInt16.self) { Int(Int16(bitPattern: $0)) }
        case .int8: decode(UInt8.self) { Int(Int8(bitPattern: $0)) }
        case .uint32: decode(UInt32.self) { Int($0) }
        case .uint8: decode(UInt8.self) { Int($0) }
        case .bool: decode(UInt8.self) { $0 == 0 ? 0 : 1 }
        default: throw .unsupported("\(elementType) values cannot be read as integers")
        }
    }

    /// One of the tensors that lie side by side in the first dimension; `nil` where there is none of the number.
    public func slice(_ index: Int) -> StoredTensor? {
        guard let count = shape.first, (0..<count).contains(index) else { return nil }
        return try? StoredTensor(
            shape: Array(shape.dropFirst()), elementType: elementType, storage: storage, offset: offset + index * strides[0],
            strides: Array(strides.dropFirst()))
    }

    /// Some of the rows that the first dimension counts; `nil` where they are not all there.
    public func rows(_ range: Range<Int>) -> StoredTensor? {
        guard let count = shape.first, range.lowerBound >= 0, range.upperBound <= count else { return nil }
        return try? StoredTensor(
            shape: [range.count] + shape.dropFirst(), elementType: elementType, storage: storage,
            offset: offset + range.lowerBound * strides[0], strides: strides)
    }

    /// Whether both hold the same elements, bit for bit.
    package func hasSameElements(as other: StoredTensor) -> Bool {
        guard shape == other.shape, elementType == other.elementType else { return false }
        if storage === other.storage, offset == other.offset, strides == other.strides { return true }
        return contiguousBytes == other.contiguousBytes
    }

    /// Whether the elements lie one behind the other in row-major order.
    var isContiguous: Bool { count <= 1 || strides == Self.contiguousStrides(shape) }

    static func contiguousStrides(_ shape: [Int]) -> [Int] {
        var step = 1
        return shape.reversed().map { size in
            // Beside a size of zero the others may have any product; such strides are never followed.
            defer { step &*= max(size, 1) }
            return step
        }.reversed()
    }

    /// The elements as contiguous little-endian bytes.
    var contiguousBytes: Foundation.Data {
        let all = storage.bytes
        let start = all.startIndex + offset / elementType.elementsPerBlock * elementType.size
        if isContiguous { return all[start..<start + byteCount] }
        var bytes = Foundation.Data(capacity: count * elementType.size)
        forEachElement { element in
            let place = all.startIndex + element * elementType.size
            bytes.append(all[place..<place + elementType.size])
        }
        return bytes
    }

    /// Writes the values of a quantised tensor to `target`, rounded to the type, a run of blocks a thread.
    ///
    /// - Parameter search: looks at each part of them as it is there
    func dequantize(to precision: Precision, _ target: UnsafeMutableRawPointer, _ search: OverflowSearch? = nil) {
        guard let format = elementType.blockFormat else { preconditionFailure("\(elementType) is not quantised") }
        let (blockSize, size) = (elementType.elementsPerBlock, elementType.size)
        contiguousBytes.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            Parallel.ranges(count / blockSize, grain: 32768 / blockSize) {
                let start = target + $0.lowerBound * blockSize * precision.size
                dequantize_blocks(Int64($0.count), format, source + $0.lowerBound * size, precision.code, start)
                search?.look(at: start, $0.lowerBound * blockSize..<$0.upperBound * blockSize)
            }
        }
    }

    private func decode<Bits: FixedWidthInteger, Value>(_ bits: Bits.Type, _ value: (Bits) -> Value) -> [Value] {
        let size = MemoryLayout<Bits>.size
        return storage.bytes.withUnsafeBytes { raw in
            func element(_ index: Int) -> Value {
                value(Bits(littleEndian: raw.loadUnaligned(fromByteOffset: index * size, as: Bits.self)))
            }
            if isContiguous { return (offset..<offset + count).map(element) }
            var values: [Value] = []
            values.reserveCapacity(count)
            forEachElement { values.append(element($0)) }
            return values
        }
    }

    /// Calls `body` with the place of every element, in row-major order.
    private func forEachElement(_ body: (Int) -> Void) {
        guard count > 0 else { return }
        var index = [Int](repeating: 0, count: shape.count)
        var place = offset
        while true {
            body(place)
            var dimension = shape.count - 1
            while dimension >= 0 {
                index[dimension] += 1
                place += strides[dimension]
                if index[dimension] < shape[dimension] { break }
                place -= strides[dimension] * shape[dimension]
                index[dimension] = 0
                dimension -= 1
            }
            if dimension < 0 { return }
        }
    }

    private static func bytes<Bits>(of values: [Bits]) -> Foundation.Data {
        values.withUnsafeBytes { Foundation.Data($0) }
    }
}
