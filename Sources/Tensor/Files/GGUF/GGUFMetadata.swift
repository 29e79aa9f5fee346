/// What a GGUF file says of its model: values under keys such as `general.architecture`, in the file's
/// order.
public struct GGUFMetadata: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    private var entries = OrderedMap<GGUFValue>()

    /// Metadata of no entries.
    public init() {}

    public init(dictionaryLiteral elements: (String, GGUFValue)...) {
        for (key, value) in elements { entries[key] = value }
    }

    /// The keys, in the order in which they were set first.
    public var keys: [String] { entries.keys }

    /// The number of keys.
    public var count: Int { entries.count }

    /// The value under a key. A new key goes last; `nil` removes the key.
    public subscript(key: String) -> GGUFValue? {
        get { entries[key] }
        set { entries[key] = newValue }
    }

    public static func == (left: GGUFMetadata, right: GGUFMetadata) -> Bool {
        left.keys == right.keys && left.entries.values == right.entries.values
    }
}
