import Tensor

/// The token for text that the vocabulary lacks.
enum UnknownToken: Sendable {
    case token(Int32)
    /// No token stands for it, and such text is left out.
    case none
    /// No token stands for it, and such text has no ids.
    case missing(file: String, field: String, reason: String)

    /// How much of a text a message shows, in bytes.
    private static let excerptLength = 64

    /// Finds the token that a field names. That the vocabulary lacks it does not matter before a text needs it.
    init(_ field: JSONField, _ vocabulary: Vocabulary) throws(TokenizerError) {
        let spelling = try field.string()
        if let id = vocabulary.id(of: spelling) {
            self = .token(id)
        } else {
            self = .missing(file: field.file, field: field.path, reason: "'\(spelling.oneLine)' is not in \(vocabulary.place)")
        }
    }

    /// The id, where there is one.
    var id: Int32? { if case .token(let id) = self { id } else { nil } }

    /// The id for a text; `nil` where the text is left out.
    ///
    /// - Throws: ``TokenizerError/malformed(file:field:reason:)`` where the text needs a token that there is not.
    func id(for text: UTF8Bytes) throws(TokenizerError) -> Int32? {
        switch self {
        case .token(let id): return id
        case .none: return nil
        case .missing(let file, let field, let reason):
            let excerpt = text.count > Self.excerptLength ? text.slice(0..<text.startOfScalar(before: Self.excerptLength)) : text
            let shown = String(decoding: excerpt, as: UTF8.self).oneLine
            throw .malformed(
                file: file, field: field, reason: "\(reason), and '\(shown)\(excerpt.count < text.count ? "…" : "")' needs it")
        }
    }
}
