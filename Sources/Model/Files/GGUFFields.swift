import Tensor

/// The metadata of a model's architecture in a GGUF: the keys that begin with the architecture's name.
struct GGUFFields {
    var metadata: GGUFMetadata
    let architecture: String

    func has(_ key: String) -> Bool { metadata["\(architecture).\(key)"] != nil }

    /// A number, or the one that all layers have.
    ///
    /// - Parameter ignoresZeros: whether layers may be left out, which have a 0 there; where all are, nothing is said
    func integer(_ key: String, ignoresZeros: Bool = false) throws(ModelError) -> Int? {
        guard let value = metadata["\(architecture).\(key)"] else { return nil }
        if let integer = value.int { return integer }
        if let list = value.ints, !list.isEmpty {
            let counted = list.filter { !ignoresZeros || $0 != 0 }
            guard counted.allSatisfy({ $0 == counted[0] }) else {
                throw .unsupported("'\(architecture).\(key)' differs from layer to layer, which is not supported")
            }
            return counted.first
        }
        throw .configuration("'\(architecture).\(key)' is no whole number")
    }

    /// A number for each layer; `nil` where there is one for all, or none.
    func integers(_ key: String) -> [Int]? { metadata["\(architecture).\(key)"]?.ints }

    /// Whether each layer is of a kind; `nil` where nothing is said of it.
    func flags(_ key: String) throws(ModelError) -> [Bool]? {
        guard let value = metadata["\(architecture).\(key)"] else { return nil }
        if case .array(.bool(let flags)) = value { return flags }
        guard let integers = value.ints else { throw .configuration("'\(architecture).\(key)' is no list of true and false") }
        return integers.map { $0 != 0 }
    }

    /// Of several keys the first that is there counts.
    func number(_ keys: String...) throws(ModelError) -> Float? {
        guard let key = keys.first(where: has), let value = metadata["\(architecture).\(key)"] else { return nil }
        guard let number = value.float, number.isFinite else { throw .configuration("'\(architecture).\(key)' is no number") }
        return number
    }

    func text(_ key: String) throws(ModelError) -> String? {
        guard let value = metadata["\(architecture).\(key)"] else { return nil }
        guard let text = value.string else { throw .configuration("'\(architecture).\(key)' is no text") }
        return text
    }

    func bool(_ key: String) throws(ModelError) -> Bool? {
        guard let value = metadata["\(architecture).\(key)"] else { return nil }
        guard case .bool(let bool) = value else { throw .configuration("'\(architecture).\(key)' is not true or false") }
        return bool
    }

    func needed(_ key: String) throws(ModelError) -> Int {
        guard let value = try integer(key) else { throw missing(key) }
        return value
    }

    func missing(_ key: String) -> ModelError { .configuration("'\(architecture).\(key)' is missing") }

    mutating func set(_ key: String, _ value: GGUFValue) { metadata["\(architecture).\(key)"] = value }
    mutating func set(_ key: String, _ value: Int) { set(key, .uint32(UInt32(clamping: value))) }
    mutating func set(_ key: String, _ value: Float) { set(key, .float32(value)) }
}
