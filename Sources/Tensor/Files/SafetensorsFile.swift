import Foundation

/// The safetensors format: a length, a JSON header of names, types, shapes and places, then bytes.
public enum SafetensorsFile {
    private static let maximumHeader = 100_000_000

    private static let typeNames: [(String, ElementType)] = [
        ("F64", .float64), ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16), ("I64", .int64),
        ("I32", .int32), ("I16", .int16), ("I8", .int8), ("U32", .uint32), ("U8", .uint8), ("F8_E4M3", .float8E4M3),
        ("F8_E5M2", .float8E5M2), ("F8_E4M3FNUZ", .float8E4M3UnsignedZero), ("F8_E5M2FNUZ", .float8E5M2UnsignedZero),
        ("F8_E8M0", .float8E8M0), ("BOOL", .bool), ("C64", .complex64),
    ]

    /// Reads all tensors, which stay in the file's own pages until they are asked for their values, and the metadata.
    ///
    /// - Throws: ``TensorFileError/inFile(path:_:)``
    public static func read(_ path: String) throws(TensorFileError) -> StateDictionary {
        try TensorFile.reading(path) { bytes throws(TensorFileError) in try parse(bytes) }
    }

    /// Writes a file of tensors and their metadata, whole or not at all.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``; ``TensorFileError/unsupported(_:)`` for a type or name that
    ///   the format does not have
    public static func write(_ dictionary: StateDictionary, to path: String) throws(TensorFileError) {
        var writer = SafetensorsWriter(metadata: dictionary.metadata)
        for name in dictionary.names {
            if let tensor = dictionary[name] { writer.add(name, tensor) }
        }
        try writer.write(to: path)
    }

    /// The format's word for a type; `nil` where it has none.
    static func typeName(_ type: ElementType) -> String? { typeNames.first { $0.1 == type }?.0 }

    /// Everything about the header is checked before a tensor is made of it.
    static func parse(_ bytes: Foundation.Data) throws(TensorFileError) -> StateDictionary {
        var cursor = ByteCursor(bytes)
        let length = try cursor.length()
        guard length <= min(maximumHeader, cursor.remaining) else { throw .truncated(offset: 8) }
        let header: JSON
        do {
            header = try JSON(parsing: try cursor.take(length))
        } catch let error as JSONError {
            throw .malformed(offset: 8 + error.offset, "the header is not JSON: \(error.reason)")
        } catch {
            throw .truncated(offset: 8)
        }
        guard let entries = header.object else { throw .malformed(offset: 8, "the header is not an object") }
        let contents = try cursor.take(cursor.remaining)
        var dictionary = StateDictionary()
        var covered: [Range<Int>] = []
        for (name, entry) in entries {
            if name == "__metadata__" {
                for (key, value) in entry.object ?? [:] {
                    guard let text = value.string else { throw .malformed(offset: 8, "the metadata '\(key)' is no text") }
                    dictionary.metadata[key] = text
                }
                continue
            }
            let (tensor, range) = try tensor(name, entry, contents)
            dictionary[name] = tensor
            covered.append(range)
        }
        var end = 0
        for range in covered.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            guard range.lowerBound == end else { throw .malformed(offset: end, "tensors overlap or leave a gap") }
            end = range.upperBound
        }
        guard end == contents.count else { throw .malformed(offset: end, "bytes that belong to no tensor") }
        return dictionary
    }

    private static func tensor(
        _ name: String, _ entry: JSON, _ contents: Foundation.Data
    ) throws(TensorFileError) -> (StoredTensor, Range<Int>) {
        guard let typeName = entry["dtype"]?.string, let sizes = entry["shape"]?.array,
            let offsets = entry["data_offsets"]?.array, offsets.count == 2,
            let start = offsets[0].integer, let end = offsets[1].integer, start >= 0, end >= start
        else { throw .malformed(offset: 8, "the header's entry '\(name)' has no sound dtype, shape and data_offsets") }
        guard end <= contents.count else {
            throw .malformed(
                offset: contents.endIndex, "'\(name)' reaches beyond the end of the file, which is cut off or lies about its sizes")
        }
        guard let type = typeNames.first(where: { $0.0 == typeName })?.1 else {
            throw .unsupported("'\(name)' is of type \(typeName), which is not supported")
        }
        var (count, overflows) = (type.size, false)
        var shape: [Int] = []
        for size in sizes {
            guard let size = size.integer, size >= 0 else { throw .malformed(offset: 8, "the shape of '\(name)'") }
            shape.append(size)
            let product = count.multipliedReportingOverflow(by: size)
            (count, overflows) = (product.partialValue, overflows || product.overflow)
        }
        guard !overflows, count == end - start else {
            throw .malformed(offset: 8, "'\(name)' of shape \(shape) does not take \(end - start) bytes")
        }
        let place = contents.startIndex
        let storage = StoredTensor.SharedBytes(contents[(place + start)..<(place + end)])
        let tensor = try StoredTensor(
            shape: shape, elementType: type, storage: storage, offset: 0,
            strides: StoredTensor.contiguousStrides(shape))
        return (tensor, start..<end)
    }
}
