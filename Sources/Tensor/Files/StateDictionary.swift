/// Tensors under names, in order: what PyTorch calls a state dict.
public struct StateDictionary: Sendable {
    public private(set) var names: [String] = []
    private var tensors: [String: StoredTensor] = [:]

    /// Text that a safetensors file carries beside its tensors.
    public var metadata: [String: String] = [:]

    public init() {}

    public subscript(name: String) -> StoredTensor? {
        get { tensors[name] }
        set {
            if newValue == nil {
                names.removeAll { $0 == name }
            } else if tensors[name] == nil {
                names.append(name)
            }
            tensors[name] = newValue
        }
    }

    public var count: Int { names.count }
}
