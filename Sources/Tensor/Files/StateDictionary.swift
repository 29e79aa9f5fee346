/// Tensors under names, in order: what PyTorch calls a state dict.
public struct StateDictionary: Sendable {
    private var tensors = OrderedMap<StoredTensor>()

    /// Text that a safetensors file carries beside its tensors; a `.pth` file carries the provenance alone.
    public var metadata: [String: String] = [:]

    /// The key of metadata under which a file says, in JSON, what its tensors come from.
    package static let provenanceKey = "provenance"

    /// A dictionary without tensors.
    public init() {}

    /// The names, in the order in which they were set first.
    public var names: [String] { tensors.keys }

    /// The tensor under a name. A new name goes last; `nil` removes the name.
    public subscript(name: String) -> StoredTensor? {
        get { tensors[name] }
        set { tensors[name] = newValue }
    }

    /// The same without the tensors of some names.
    package func removing(_ isRemoved: (_ name: String) throws -> Bool) rethrows -> StateDictionary {
        var result = StateDictionary()
        result.metadata = metadata
        for name in names where try !isRemoved(name) { result[name] = self[name] }
        return result
    }

    /// The number of tensors.
    public var count: Int { tensors.count }
}
