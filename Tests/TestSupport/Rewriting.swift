import Tensor

extension SafetensorsFile {
    /// Writes a file again as somebody else would have written it.
    ///
    /// - Parameters:
    ///   - output: may be the file itself
    ///   - metadata: changes the file's own
    ///   - isKept: whether a tensor of this name stays
    public static func rewrite(
        _ path: String, to output: String, metadata change: (inout [String: String]) throws -> Void = { _ in },
        keeping isKept: (String) -> Bool = { _ in true }
    ) throws {
        let stored = try read(path)
        var metadata = stored.metadata
        try change(&metadata)
        var writer = SafetensorsWriter(metadata: metadata)
        for name in stored.names where isKept(name) {
            guard let tensor = stored[name] else { continue }
            let values = try tensor.floats()
            writer.add(name, shape: tensor.shape, as: .float32) { () throws(TensorFileError) in Tensor(values, shape: tensor.shape) }
        }
        try writer.write(to: output)
    }
}
