import Foundation

/// Writes a safetensors file of tensors that are asked for their values one after the other, when it is
/// their turn, so that no model is held a second time.
public struct SafetensorsWriter {
    /// Text that the file carries beside its tensors.
    public var metadata: [String: String]
    private var entries: [WrittenTensor] = []

    /// A file without tensors.
    public init(metadata: [String: String] = [:]) { self.metadata = metadata }

    /// How many bytes all tensors take that were added.
    public var byteCount: Int { entries.reduce(0) { $0 + $1.byteCount } }

    /// The names of the tensors that were added, in order.
    public var names: [String] { entries.map(\.name) }

    /// Adds a tensor whose values are made when they are written, and given up then.
    ///
    /// - Parameters:
    ///   - elementType: float32, float16 or bfloat16
    ///   - values: the tensor, of any precision; called once by each ``write(to:)``
    public mutating func add(
        _ name: String, shape: [Int], as elementType: ElementType,
        values: @escaping () throws(TensorFileError) -> Tensor
    ) {
        precondition(elementType.precision != nil, "values are not written as \(elementType)")
        entries.append(WrittenTensor(name, shape: shape, as: elementType, values: values))
    }

    /// Adds a tensor of another file, in the type that it has there.
    public mutating func add(_ name: String, _ tensor: StoredTensor) {
        entries.append(WrittenTensor(name, tensor))
    }

    /// Writes the file, whole or not at all.
    ///
    /// - Throws: ``TensorFileError/unsupported(_:)`` for what the format has no place for,
    ///   ``TensorFileError/system(path:_:)``, or what makes the values
    public func write(to path: String) throws(TensorFileError) {
        let header = try header()
        try AtomicFile.write(to: path) { (output) throws(TensorFileError) in
            try output.write(header)
            for entry in entries {
                try entry.write(to: output)
            }
        }
    }

    private func header() throws(TensorFileError) -> Foundation.Data {
        var header = JSONObject()
        if !metadata.isEmpty {
            var object = JSONObject()
            for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { object[key] = .string(value) }
            header["__metadata__"] = .object(object)
        }
        var end = 0
        for entry in entries {
            let name = entry.name
            guard name != "__metadata__", header[name] == nil else {
                throw .unsupported("safetensors has no place for \(name == "__metadata__" ? "a tensor" : "two tensors") named '\(name)'")
            }
            guard let type = SafetensorsFile.typeName(entry.type) else {
                throw .unsupported("'\(name)': safetensors has no type for \(entry.type)")
            }
            let start = end
            end += entry.byteCount
            header[name] = [
                "dtype": .string(type), "shape": .array(entry.shape.map(JSON.integer)),
                "data_offsets": [.integer(start), .integer(end)],
            ]
        }
        var text = JSON.object(header).serialized
        text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
        return withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Foundation.Data($0) } + Foundation.Data(text.utf8)
    }
}
