/// What can be wrong with an adapter.
public enum LoRAError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No linear layer of the model is of the kind that was asked for.
    case noTargets
    /// The file holds no adapter.
    case empty
    /// A key that is no part of an adapter.
    case strangeKey(String)
    /// One factor of an adapter is missing.
    case incomplete(module: String)
    /// The model has no linear layer of this name.
    case unknownModule(String)
    /// The factors do not fit the layer.
    case shape(module: String, a: [Int], b: [Int], layer: [Int])
    /// The values of a factor cannot be read.
    case unreadable(module: String, reason: String)

    public var description: String {
        switch self {
        case .noTargets: "no linear layer of the model is square, so there is nothing to adapt"
        case .empty: "the file holds no adapter (no keys ending in .lora.A.weight)"
        case .strangeKey(let key): "'\(key)' is no part of a LoRA adapter; is this a base model? Then give it as --base_path"
        case .incomplete(let module): "the adapter of '\(module)' lacks one of A and B"
        case .unknownModule(let module): "the adapter is for '\(module)', which this model does not have; do --n_layers and the base fit it?"
        case .shape(let module, let a, let b, let layer):
            "the adapter of '\(module)' has A \(a) and B \(b), which do not fit the layer's weight \(layer); do --dim and the base fit it?"
        case .unreadable(let module, let reason): "the adapter of '\(module)' cannot be read: \(reason)"
        }
    }
}
