import Tensor

/// What can be wrong with a model's configuration or weights.
public enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sizes do not fit together.
    case configuration(String)
    /// Weights whose keys and shapes are not those of any model known here.
    case unrecognized(String)
    /// Weights that may be a model of several families, which compute different things.
    case ambiguous(String)
    /// A weight that the model needs is not in the file.
    case missingWeight(name: String)
    /// A weight of another shape than the configuration asks for.
    case shape(name: String, found: [Int], expected: [Int])
    /// Keys in the file that the model has no place for.
    case unknownWeights([String])
    /// A weight whose values cannot be read.
    case unreadableWeight(name: String, reason: String)
    /// Weights with values that a type has no finite number for; each its name and its first such value.
    case beyondRange(ElementType, weights: [String])
    /// A model that is known, but not what is asked of it.
    case unsupported(String)
    /// What is wrong with a file of tensors.
    case file(TensorFileError)
    /// A model that was asked for by its name, and is not on this disk, or not all of it.
    case notOnDisk(String)
    /// One of the others, in a file or folder.
    indirect case inFile(path: String, ModelError)
    /// A token outside the vocabulary.
    case tokenOutOfRange(id: Int32, vocabularySize: Int)
    /// Sequences share rows, though dropout has to leave out other values in each of them.
    case sharedRowsUnderDropout
    /// Sequences share rows, though the rotary angles of their lengths differ.
    case sharedRowsOfOtherAngles
    /// A text has become so long that its rotary angles are others than those of the keys that are kept.
    case keptUnderOtherAngles
    /// More tokens than the model has positions for.
    case tooLong(tokens: Int, limit: Int)
    /// Scores of tokens that are not numbers, or infinite, computed by products of a precision.
    case logitsNotFinite(Precision)

    public var description: String { text.message }

    private var text: String {
        switch self {
        case .configuration(let reason), .unrecognized(let reason), .ambiguous(let reason), .unsupported(let reason),
            .notOnDisk(let reason):
            reason
        case .file(let error): "\(error)"
        case .inFile(let path, let error): "\(path): \(error)"
        case .missingWeight(let name):
            "the weights have no '\(name)', which the model needs; is the file whole, and does it hold a model of this kind?"
        case .shape(let name, let found, let expected):
            "'\(name)' is \(found) in the file, but the model has \(expected); set --dim, --n_heads and --n_kv_heads as the model was trained"
        case .unknownWeights(let names):
            "the weights hold \(names.count) tensors that this model has no place for (\(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", …" : ""))"
        case .unreadableWeight(let name, let reason): "'\(name)' cannot be read: \(reason)"
        case .beyondRange(let type, let weights):
            "\(weights.count) weight\(weights.count == 1 ? " has" : "s have") values that are not finite as \(type.rawValue): "
                + weights.prefix(3).joined(separator: ", ") + (weights.count > 3 ? ", …" : "")
                + (type == .float32
                    ? "; the scale or weight of an adapter is too large"
                    : "; take \(type == .bfloat16 ? "float32" : "bfloat16 or float32")")
        case .tokenOutOfRange(let id, let size):
            "token \(id) lies outside the vocabulary of \(size); the tokenizer does not belong to this model"
        case .sharedRowsUnderDropout:
            "with dropout each sequence has a mask of its own, so none may share rows with another; take 'Batch.apart'"
        case .sharedRowsOfOtherAngles:
            "the rotary angles of a text depend on its length here, so texts of other angles may share no rows; take 'Batch.apart'"
        case .keptUnderOtherAngles:
            "the text has become so long that its rotary angles are others than those of the keys that are kept; empty the cache by 'keep(0)' and read all of the text"
        case .tooLong(let tokens, let limit):
            "\(tokens) tokens are more than the \(limit) that there is room for; shorten the prompt"
        case .logitsNotFinite(let precision):
            "the logits are not finite, so there is no next token; "
                + (precision == .float32
                    ? "the weights, or the scale or weight of an adapter, are too large"
                    : "products in \(precision.rawValue) may overflow, --dtype float32 may not")
        }
    }
}
