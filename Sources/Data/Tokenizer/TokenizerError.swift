import Tensor

/// Why a tokenizer cannot be read. The description names the file, the field and the way out.
public enum TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file is missing or cannot be read.
    case unreadable(file: String, reason: String)
    /// The file is not JSON, or is cut off.
    case notJSON(file: String, JSONError)
    /// A field is missing or contradicts the format. `field` is a path such as `model.merges[3]`.
    case malformed(file: String, field: String, reason: String)
    /// A field asks for something legal that is not supported here.
    case unsupported(file: String, field: String, reason: String)
    /// A tokenizer cannot be written in another format without changing its ids.
    case notExportable(reason: String)
    /// A token that is to be added to a tokenizer cannot be. `place` says where it stands, such as `tokens.txt: line 3`.
    case badToken(place: String, reason: String)
    /// A regular expression of the tokenizer gives up on a text, for it would take too long.
    case patternFailed(String)

    public var description: String { text.message }

    private var text: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file): \(reason); name the folder of a Hugging Face tokenizer, with tokenizer.json in it"
        case .notJSON(let file, let error):
            "\(file): \(error); the file is damaged or cut off, copy or download it again"
        case .malformed(let file, let field, let reason):
            "\(file): \(field): \(reason); correct the field, or copy or download the file again"
        case .unsupported(let file, let field, let reason):
            "\(file): \(field): \(reason); use a tokenizer that does without it"
        case .badToken(let place, let reason):
            "\(place): \(reason)"
        case .patternFailed(let reason):
            "a split pattern of the tokenizer: \(reason)"
        case .notExportable(let reason):
            "the tokenizer has no GGUF form: \(reason); write a Hugging Face folder instead"
        }
    }
}
