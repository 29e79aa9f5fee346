/// The way from text to ids: the stages in their order, and what they work with.
///
/// A class, for the closures in which the stages call each other would copy all of a structure for every
/// piece of a text.
final class TextEncoder: Sendable {
    private let normalizer: Normalizer?
    private let preTokenizer: PreTokenizer
    private let model: BytePairEncoding
    private let added: AddedVocabulary
    private let scratch = EncoderScratchPool()

    init(_ normalizer: Normalizer?, _ preTokenizer: PreTokenizer, _ model: BytePairEncoding, _ added: AddedVocabulary) {
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.added = added
    }

    /// The ids of a text. Added tokens are recognised where they stand in it.
    func encode(_ text: String) -> [Int32] {
        var text = text
        var ids: [Int32] = []
        scratch.withScratch { scratch in
            text.withUTF8 { bytes in
                added.forEachPiece(in: bytes) { piece in
                    switch piece {
                    case .token(let id): ids.append(id)
                    case .text(let range):
                        encodeText(bytes.slice(range), startsText: range.lowerBound == 0, &scratch, into: &ids)
                    }
                }
            }
        }
        return ids
    }

    /// Encodes a text without verbatim added tokens.
    private func encodeText(
        _ text: UTF8Bytes, startsText: Bool, _ scratch: inout EncoderScratch, into ids: inout [Int32]
    ) {
        guard let normalizer else { return encodeNormalized(text, startsText: startsText, &scratch, into: &ids) }
        var normalized = normalizer.normalize(String(decoding: text, as: UTF8.self))
        normalized.withUTF8 { encodeNormalized($0, startsText: startsText, &scratch, into: &ids) }
    }

    private func encodeNormalized(
        _ text: UTF8Bytes, startsText: Bool, _ scratch: inout EncoderScratch, into ids: inout [Int32]
    ) {
        added.forEachPiece(inNormalized: text) { piece in
            switch piece {
            case .token(let id): ids.append(id)
            case .text(let range):
                preTokenizer.forEachWord(in: text.slice(range), startsText: startsText && range.lowerBound == 0) {
                    scratch.encode($0, with: model, into: &ids)
                }
            }
        }
    }
}
