import CKernels
import Foundation

/// Writes a GGUF file (version 3): metadata, and tensors that are asked for their values one after the
/// other, when it is their turn, so that no model is held a second time.
public struct GGUFWriter {
    /// What the file says of its model.
    public var metadata: GGUFMetadata
    private var entries: [WrittenTensor] = []

    /// A file without tensors.
    public init(metadata: GGUFMetadata = GGUFMetadata()) { self.metadata = metadata }

    /// The type that a tensor gets where weights are to be of type `weights`: float32 for one of a single
    /// dimension (a norm), as llama.cpp has it, and float16 in place of blocks that do not fill its rows.
    package static func elementType(for shape: [Int], weights: ElementType) -> ElementType {
        if shape.count < 2 { return .float32 }
        return (shape.last ?? 1) % weights.elementsPerBlock == 0 ? weights : .float16
    }

    /// Adds a tensor whose values are made when they are written, and given up then.
    ///
    /// - Parameters:
    ///   - shape: row-major; the file has it reversed
    ///   - elementType: float32, float16, bfloat16 or Q8_0
    ///   - values: the tensor, of any precision; called once by each ``write(to:)``
    public mutating func add(
        _ name: String, shape: [Int], as elementType: ElementType,
        values: @escaping () throws(TensorFileError) -> Tensor
    ) {
        precondition(
            elementType.precision != nil || elementType == .q8_0, "values are not written as \(elementType)")
        precondition(
            (shape.last ?? 1) % elementType.elementsPerBlock == 0, "rows of \(shape) are not whole blocks of \(elementType)")
        entries.append(WrittenTensor(name, shape: shape, as: elementType, values: values))
    }

    /// Adds a tensor in memory.
    public mutating func add(_ name: String, _ tensor: Tensor, as elementType: ElementType) {
        add(name, shape: tensor.shape, as: elementType) { () throws(TensorFileError) in tensor }
    }

    /// Adds a tensor of another file, in the type that it has there.
    public mutating func add(_ name: String, _ tensor: StoredTensor) {
        entries.append(WrittenTensor(name, tensor))
    }

    /// Writes the file, whole or not at all.
    ///
    /// - Throws: ``TensorFileError/unsupported(_:)`` for what GGUF has no place for,
    ///   ``TensorFileError/system(path:_:)``, or what makes the values
    public func write(to path: String) throws(TensorFileError) {
        let alignment = try checkedAlignment()
        let header = try header(alignment)
        try AtomicFile.write(to: path) { (output) throws(TensorFileError) in
            try output.write(header + Self.padding(header.count, alignment))
            for entry in entries {
                try entry.write(to: output)
                try output.write(Self.padding(entry.byteCount, alignment))
            }
        }
    }

    private func checkedAlignment() throws(TensorFileError) -> Int {
        guard let alignment = GGUFFile.alignment(metadata) else {
            throw .unsupported("\(GGUFFile.alignmentKey) must be a power of two below a million")
        }
        return alignment
    }

    private func header(_ alignment: Int) throws(TensorFileError) -> Foundation.Data {
        var bytes = GGUFBytes()
        bytes.data += GGUFFile.magic
        bytes.number(UInt32(3))
        bytes.number(UInt64(entries.count))
        bytes.number(UInt64(metadata.count))
        for key in metadata.keys {
            guard let value = metadata[key] else { continue }
            bytes.text(key)
            bytes.value(value)
        }
        var names = Set<ExactText>()
        var end = 0
        for entry in entries {
            guard names.insert(ExactText(entry.name)).inserted else { throw .unsupported("two tensors named '\(entry.name)'") }
            guard entry.name.utf8.count < Self.maximumName else {
                throw .unsupported("'\(entry.name)': llama.cpp takes names of less than \(Self.maximumName) bytes")
            }
            guard entry.shape.count <= GGUFFile.maximumDimensions else {
                throw .unsupported("'\(entry.name)' of shape \(entry.shape): GGUF has \(GGUFFile.maximumDimensions) dimensions at most")
            }
            guard !entry.shape.contains(0) else { throw .unsupported("'\(entry.name)' of shape \(entry.shape) is empty") }
            guard let type = GGUFElementType.number(entry.type) else {
                throw .unsupported("'\(entry.name)': GGUF has no type for \(entry.type)")
            }
            bytes.text(entry.name)
            bytes.number(UInt32(entry.shape.count))
            for size in entry.shape.reversed() { bytes.number(UInt64(size)) }
            bytes.number(type)
            bytes.number(UInt64(end))
            end += entry.byteCount
            end += Self.padding(end, alignment).count
        }
        return bytes.data
    }

    /// ggml's own limit, with the zero behind the name.
    private static let maximumName = 64

    private static func padding(_ count: Int, _ alignment: Int) -> Foundation.Data {
        Foundation.Data(count: (alignment - count % alignment) % alignment)
    }
}

extension GGUFFile {
    /// Writes tensors in the types that they have, in order.
    ///
    /// - Throws: ``TensorFileError/unsupported(_:)`` for what GGUF has no place for,
    ///   ``TensorFileError/system(path:_:)``
    public static func write(
        metadata: GGUFMetadata, tensors: StateDictionary, to path: String
    ) throws(TensorFileError) {
        var writer = GGUFWriter(metadata: metadata)
        for name in tensors.names {
            if let tensor = tensors[name] { writer.add(name, tensor) }
        }
        try writer.write(to: path)
    }
}
