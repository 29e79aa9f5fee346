/// The way from text to ids: the stages in their order, and what they work with.
///
/// A class, for the closures in which the stages call each other would copy all of a structure for every
/// piece of a text.
final class TextEncoder: Sendable {
    /// A part of a text on its way into the model.
    private enum Part {
        case token(Int32, length: Int)
        case word(UTF8Bytes)
    }

    /// In bytes.
    private static let usualTokenLength = 4

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
                forEachPart(of: bytes, UntrackedOrigin()) { part, _ in
                    switch part {
                    case .token(let id, _): ids.append(id)
                    case .word(let word): scratch.encode(word, with: model, into: &ids)
                    }
                }
            }
        }
        return ids
    }

    /// The ids of a text, and which of its bytes they stand for.
    func encodeWithOffsets(_ text: String) -> TokenOffsets {
        var text = text
        var tokens = TokenOffsets()
        scratch.withScratch { scratch in
            text.withUTF8 { bytes in
                tokens.reserveCapacity(bytes.count / Self.usualTokenLength)
                forEachPart(of: bytes, TrackedOrigin()) { part, origin in
                    switch part {
                    case .token(let id, let length):
                        tokens.append(id, origin.range(0..<length, in: bytes))
                    case .word(let word):
                        scratch.encode(word, with: model, into: &tokens, origin, in: bytes)
                    }
                }
            }
        }
        return tokens
    }

    /// Calls `body` with the added tokens and the words of a text, in order.
    private func forEachPart<Origin: TextOrigin>(of text: UTF8Bytes, _ origin: Origin, _ body: (Part, Origin) -> Void) {
        added.forEachPiece(in: text) { piece in
            switch piece {
            case .token(let id, let range): body(.token(id, length: range.count), origin.part(from: range.lowerBound))
            case .text(let range):
                let piece = text.slice(range)
                let origin = origin.part(from: range.lowerBound)
                let startsText = range.lowerBound == 0
                guard let normalizer else { return cut(piece, startsText: startsText, origin, body) }
                origin.withNormalized(piece, normalizer) { cut($0, startsText: startsText, $1, body) }
            }
        }
    }

    /// Cuts a normalized text without verbatim added tokens.
    private func cut<Origin: TextOrigin>(
        _ text: UTF8Bytes, startsText: Bool, _ origin: Origin, _ body: (Part, Origin) -> Void
    ) {
        added.forEachPiece(inNormalized: text) { piece in
            switch piece {
            case .token(let id, let range): body(.token(id, length: range.count), origin.part(from: range.lowerBound))
            case .text(let range):
                preTokenizer.forEachWord(
                    in: text.slice(range), startsText: startsText && range.lowerBound == 0,
                    origin.part(from: range.lowerBound)
                ) { body(.word($0), $1) }
            }
        }
    }
}
