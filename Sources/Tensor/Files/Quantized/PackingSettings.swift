/// What a `config.json` says of how its weights are packed, read field by field. What is `null` counts as missing.
struct PackingSettings {
    /// The key of `config.json` that they stand under.
    let key: String
    let object: JSONObject

    /// The keys of `config.json`, the first of which counts that is there.
    private static let keys = ["quantization", "quantization_config", "compression_config"]

    /// - Returns: `nil` where the model has none
    /// - Throws: ``TensorFileError/unsupported(_:)`` where they are no object
    init?(ofModel configuration: JSON) throws(TensorFileError) {
        guard let key = Self.keys.first(where: { configuration[$0] != nil && configuration[$0] != .null }),
            let value = configuration[key]
        else { return nil }
        guard let object = value.object else { throw .unsupported("'\(key)' is \(value.serialized.prefix(40)), not an object") }
        self.init(key: key, object: object)
    }

    init(key: String, object: JSONObject) {
        self.key = key
        self.object = object
    }

    /// `quant_method`.
    var method: String? { object["quant_method"]?.string }

    subscript(key: String) -> JSON? {
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    /// Of several keys the first that is there counts.
    func integer(_ keys: String...) throws(TensorFileError) -> Int? {
        guard let key = keys.first(where: { self[$0] != nil }), let value = self[key] else { return nil }
        guard let integer = value.integer else { throw wrong(key, "a whole number") }
        return integer
    }

    func bool(_ key: String) throws(TensorFileError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard let bool = value.bool else { throw wrong(key, "true or false") }
        return bool
    }

    /// A text in lower case.
    func text(_ keys: String...) throws(TensorFileError) -> String? {
        guard let key = keys.first(where: { self[$0] != nil }), let value = self[key] else { return nil }
        guard let text = value.string else { throw wrong(key, "a text") }
        return text.lowercased()
    }

    func integers(_ key: String) throws(TensorFileError) -> [Int]? {
        guard let value = self[key] else { return nil }
        guard let integers = value.array?.compactMap(\.integer), integers.count == value.array?.count else {
            throw wrong(key, "a list of whole numbers")
        }
        return integers
    }

    /// The object under a key, named by its way.
    func nested(_ key: String) throws(TensorFileError) -> PackingSettings? {
        guard let value = self[key] else { return nil }
        guard let object = value.object else { throw wrong(key, "an object") }
        return PackingSettings(key: "\(self.key).\(key)", object: object)
    }

    /// Refuses every other value of a field.
    ///
    /// - Returns: the value, or `default` where the field is missing
    func integer(_ key: String, among values: [Int], default value: Int? = nil) throws(TensorFileError) -> Int {
        guard let found = try integer(key) ?? value else { throw unsupported("there is no '\(key)'") }
        guard values.contains(found) else {
            throw unsupported("'\(key)' is \(found); \(values.map(String.init).joined(separator: ", ")) are read here")
        }
        return found
    }

    func unsupported(_ reason: String) -> TensorFileError {
        .unsupported("the weights are quantised (\(key)): \(reason)")
    }

    private func wrong(_ key: String, _ kind: String) -> TensorFileError {
        unsupported("'\(key)' is \(self[key]?.serialized.prefix(40) ?? "null"), not \(kind)")
    }
}
