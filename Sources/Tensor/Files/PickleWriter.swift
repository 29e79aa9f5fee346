import Foundation

/// Writes the pickle (protocol 2) of an `OrderedDict` of tensors.
struct PickleWriter {
    private(set) var bytes = Foundation.Data()

    mutating func beginDictionary() {
        bytes += [0x80, 0x02]
        global("collections", "OrderedDict")
        bytes += ")R(".utf8
    }

    mutating func end() { bytes += "u.".utf8 }

    /// A name, and `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
    mutating func tensor(name: String, _ tensor: StoredTensor, storageKey: Int) {
        string(name)
        global("torch._utils", "_rebuild_tensor_v2")
        bytes += "((".utf8
        string("storage")
        global("torch", storageName(tensor.elementType))
        string(String(storageKey))
        string("cpu")
        integer(tensor.count)
        bytes += "tQK\0".utf8
        tuple(tensor.shape)
        tuple(StoredTensor.contiguousStrides(tensor.shape))
        bytes += [0x89]
        global("collections", "OrderedDict")
        bytes += ")RtR".utf8
    }

    private mutating func global(_ module: String, _ name: String) { bytes += "c\(module)\n\(name)\n".utf8 }

    private mutating func string(_ text: String) {
        bytes += "X".utf8
        little(UInt32(text.utf8.count))
        bytes += text.utf8
    }

    private mutating func tuple(_ values: [Int]) {
        bytes += "(".utf8
        for value in values { integer(value) }
        bytes += "t".utf8
    }

    private mutating func integer(_ value: Int) {
        if let small = Int32(exactly: value) {
            bytes += "J".utf8
            little(UInt32(bitPattern: small))
        } else {
            bytes += [0x8A, 8]
            little(UInt64(bitPattern: Int64(value)))
        }
    }

    private mutating func little<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private func storageName(_ type: ElementType) -> String {
        switch type {
        case .float64: "DoubleStorage"
        case .float32: "FloatStorage"
        case .float16: "HalfStorage"
        case .bfloat16: "BFloat16Storage"
        case .int64: "LongStorage"
        case .int32: "IntStorage"
        case .int16: "ShortStorage"
        case .int8: "CharStorage"
        case .uint8: "ByteStorage"
        case .bool: "BoolStorage"
        case .complex64: "ComplexFloatStorage"
        case .complex128: "ComplexDoubleStorage"
        case .uint32, .float8E4M3, .float8E5M2, .float8E4M3UnsignedZero, .float8E5M2UnsignedZero, .float8E8M0,
            .q8_0, .q4_0, .q4_1, .q5_0, .q5_1, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL, .iq4XS, .mxfp4, .tq1_0, .tq2_0:
            preconditionFailure("PyTorch has no storage for \(type.rawValue)")
        }
    }
}
