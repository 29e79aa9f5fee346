import Foundation
import Tensor

/// A Unigram tokenizer as llama.cpp can have it.
struct GGUFUnigramExport {
    let normalizer: GGUFUnigramNormalizer
    let charsmap: [UInt8]?
    /// The token for what is unknown.
    let unknown: String
    private let pieceScores: [Double]

    /// llama.cpp's own converter gives it to tokens that are none.
    private static let unusedScore: Float = -10_000

    /// - Throws: ``TokenizerError/notExportable(reason:)``
    init(_ definition: JSON, _ model: any TokenModel) throws(TokenizerError) {
        let fields = model.vocabularyFields
        let type = fields["type"]?.string ?? ""
        guard type == "Unigram" else {
            throw .notExportable(
                reason: type == "WordPiece"
                    ? "llama.cpp cuts text into words for WordPiece by rules of its own" : "GGUF has no model of its kind")
        }
        guard definition["model"]?["byte_fallback"]?.bool != true else {
            throw .notExportable(reason: "llama.cpp has no bytes for the unknown characters of a Unigram")
        }
        guard definition["pre_tokenizer"] ?? .null == .null, let normalizer = GGUFUnigramNormalizer(definition["normalizer"] ?? .null)
        else {
            throw .notExportable(reason: "llama.cpp rewrites the text of a Unigram in another way")
        }
        let pieces = fields["vocab"]?.array ?? []
        guard let id = definition["model"]?["unk_id"]?.integer, pieces.indices.contains(id), let unknown = pieces[id].array?.first?.string
        else {
            throw .notExportable(reason: "it has no token for unknown characters")
        }
        var scores: [Double] = []
        for piece in pieces {
            let score = piece.array?.last?.number ?? .nan
            // The last bit of a score may be what a reader of decimals made of it.
            guard abs(Double(Float(score)) - score) <= abs(score) * 1e-15 else {
                throw .notExportable(reason: "its scores are more precise than GGUF can hold")
            }
            scores.append(score)
        }
        self.normalizer = normalizer
        self.unknown = unknown
        pieceScores = scores
        charsmap = normalizer.charsmap.flatMap { Foundation.Data(base64Encoded: $0) }.map(Array.init)
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
