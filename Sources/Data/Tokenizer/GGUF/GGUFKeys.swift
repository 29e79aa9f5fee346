import Tensor

/// Values of a GGUF file's metadata by their keys, with complaints that name both.
struct GGUFKeys {
    let metadata: GGUFMetadata
    /// What messages call the file.
    let name: String

    func malformed(_ key: String, _ reason: String) -> TokenizerError { .malformed(file: name, field: key, reason: reason) }

    func unsupported(_ key: String, _ reason: String) -> TokenizerError { .unsupported(file: name, field: key, reason: reason) }

    func optional<Value>(_ key: String, _ read: (GGUFValue) -> Value?, _ kind: String) throws(TokenizerError) -> Value? {
        guard let value = metadata[key] else { return nil }
        guard let read = read(value) else { throw malformed(key, "is not \(kind)") }
        return read
    }

    func required<Value>(_ key: String, _ read: (GGUFValue) -> Value?, _ kind: String) throws(TokenizerError) -> Value {
        guard let value = try optional(key, read, kind) else { throw malformed(key, "is missing") }
        return value
    }

    func bool(_ key: String) throws(TokenizerError) -> Bool? { try optional(key, { $0.bool }, "true or false") }

    /// The id of a token; `nil` where the file names none.
    func id(_ key: String, below count: Int) throws(TokenizerError) -> Int32? {
        guard let value = metadata[key] else { return nil }
        // Files say "none" by a number that no token has.
        if value == .uint32(.max) || value.int == -1 { return nil }
        guard let id = value.int, 0..<count ~= id else { throw malformed(key, "is not the id of one of \(count) tokens") }
        return Int32(id)
    }
}
