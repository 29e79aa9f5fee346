import Tensor

/// A `config.json`, or an object in it, read field by field. What is `null` counts as missing, as it does for
/// the classes that such files are made for.
struct ConfigurationFields {
    private let json: JSON
    /// The weights that it goes with; `nil` where nobody said.
    let weights: StateDictionary?

    init(_ json: JSON, weights: StateDictionary? = nil) {
        self.json = json
        self.weights = weights
    }

    /// The value under a key; `nil` where there is none, or `null`.
    subscript(key: String) -> JSON? {
        guard let value = json[key], value != .null else { return nil }
        return value
    }

    /// Whether a field is there and says nothing.
    func isNull(_ key: String) -> Bool { json[key] == .null }

    /// The object under a key; `nil` where there is none, or an empty one.
    func object(_ key: String) throws(ModelError) -> ConfigurationFields? {
        guard let value = self[key] else { return nil }
        guard let object = value.object else { throw wrong(key, "an object") }
        return object.keys.isEmpty ? nil : ConfigurationFields(value)
    }

    /// Of several keys the first that is there counts.
    func integer(_ keys: String...) throws(ModelError) -> Int? {
        guard let key = keys.first(where: { self[$0] != nil }), let value = self[key] else { return nil }
        guard let integer = value.integer else { throw wrong(key, "a whole number") }
        return integer
    }

    func number(_ key: String) throws(ModelError) -> Float? {
        guard let value = self[key] else { return nil }
        guard let number = value.number, Float(number).isFinite else { throw wrong(key, "a number") }
        return Float(number)
    }

    func bool(_ key: String) throws(ModelError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard let bool = value.bool else { throw wrong(key, "true or false") }
        return bool
    }

    func text(_ keys: String...) throws(ModelError) -> String? {
        guard let key = keys.first(where: { self[$0] != nil }), let value = self[key] else { return nil }
        guard let text = value.string else { throw wrong(key, "a text") }
        return text
    }

    func numbers(_ key: String) throws(ModelError) -> [Float]? {
        guard let value = self[key] else { return nil }
        guard let numbers = value.array?.compactMap(\.number), numbers.count == value.array?.count else {
            throw wrong(key, "a list of numbers")
        }
        return numbers.map { Float($0) }
    }

    /// A whole number or a list of some, as `eos_token_id` is.
    func integers(_ key: String) throws(ModelError) -> [Int] {
        guard let value = self[key] else { return [] }
        guard let items = value.array else { return [try integer(key)].compactMap { $0 } }
        let integers = items.compactMap(\.integer)
        guard integers.count == items.count else { throw wrong(key, "a whole number or a list of some") }
        return integers
    }

    /// A size without which there is no model.
    func needed(_ key: String) throws(ModelError) -> Int {
        guard let value = try integer(key) else { throw .configuration("'\(key)' is missing; is this the configuration of a whole model?") }
        return value
    }

    /// How the weights beside the settings are packed; `nil` where they are not.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` for a way that is not read here
    func packedWeights() throws(ModelError) -> PackedWeights? {
        do throws(TensorFileError) {
            return try PackedWeights(json)
        } catch {
            throw .unsupported("\(error)")
        }
    }

    private func wrong(_ key: String, _ kind: String) -> ModelError {
        let value = json[key]?.serialized ?? "null"
        return .configuration("'\(key)' is \(value.prefix(40)), not \(kind)")
    }
}

extension Float {
    /// The shortest decimal that stands for it, as a double: 1e-6, not 9.999999974752427e-07.
    var shortest: Double { Double("\(self)") ?? Double(self) }
}
