import Tensor

/// A Unigram tokenizer as llama.cpp can have it.
struct GGUFUnigramExport {
    let normalizer: GGUFUnigramNormalizer
    let charsmap: [UInt8]?
    /// The token for what is unknown.
    let unknown: String
    private let pieceScores: [Double]

    /// llama.cpp's own converter gives it to rows without a token.
    private static let unusedScore: Float = -10_000

    /// - Throws: ``TokenizerError/notExportable(reason:)``
    init(_ definition: JSON, _ model: any TokenModel) throws(TokenizerError) {
        guard let model = model as? Unigram else {
            throw .notExportable(
                reason: model is WordPiece
                    ? "llama.cpp cuts text into words for WordPiece by rules of its own" : "GGUF has no model of its kind")
        }
        guard definition["model"]?["byte_fallback"]?.bool != true else {
            throw .notExportable(reason: "llama.cpp has no bytes for the unknown characters of a Unigram")
        }
        guard definition["pre_tokenizer"] ?? .null == .null, let normalizer = GGUFUnigramNormalizer(definition["normalizer"] ?? .null)
        else {
            throw .notExportable(reason: "llama.cpp rewrites the text of a Unigram in another way")
        }
        guard let id = definition["model"]?["unk_id"]?.integer, model.scores.indices.contains(id),
            let unknown = model.vocabulary.tokens[Int32(id)]
        else {
            throw .notExportable(reason: "it has no token for unknown characters")
        }
        // The last bit of a score may be what a reader of decimals made of it.
        guard model.scores.allSatisfy({ abs(Double(Float($0)) - $0) <= abs($0) * 1e-15 }) else {
            throw .notExportable(reason: "its scores are more precise than GGUF can hold")
        }
        self.normalizer = normalizer
        self.unknown = unknown
        pieceScores = model.scores
        charsmap = normalizer.charsmap.flatMap(Base64.decode)
    }

    /// The scores by id.
    func scores(_ types: [GGUFTokenType]) throws(TokenizerError) -> [Float] {
        let normal = zip(types, pieceScores).filter { $0.0 == .normal }.map(\.1)
        guard normal.min() ?? 0 <= pieceScores.min() ?? 0 else {
            throw .notExportable(reason: "a special token has the lowest score, by which llama.cpp does not count unknown characters")
        }
        return types.indices.map { $0 < pieceScores.count ? Float(pieceScores[$0]) : Self.unusedScore }
    }
}
