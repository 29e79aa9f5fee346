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
    private let model: any TokenModel
    private let added: AddedVocabulary
    /// Whether ids depend on where the source begins in what a normalizer made of it.
    private let followsStart: Bool
    private let scratch = EncoderScratchPool()

    init(_ normalizer: Normalizer?, _ preTokenizer: PreTokenizer, _ model: any TokenModel, _ added: AddedVocabulary) {
        self.normalizer = normalizer
        followsStart = normalizer != nil && preTokenizer.marksStart
        self.preTokenizer = preTokenizer
        self.model = model
        self.added = added
    }

    /// The ids of a text. Added tokens are recognised where they stand in it.
    func encode(_ text: String) throws(TokenizerError) -> [Int32] {
        if followsStart { return try encodeWithOffsets(text).ids }
        var text = text
        var ids: [Int32] = []
        try scratch.withScratch { scratch throws(TokenizerError) in
            try text.withUTF8Bytes { bytes throws(TokenizerError) in
                try forEachPart(of: bytes, UntrackedOrigin()) { part, _ throws(TokenizerError) in
                    switch part {
                    case .token(let id, _): ids.append(id)
                    case .word(let word): try scratch.encode(word, with: model, into: &ids)
                    }
                }
            }
        }
        return ids
    }

    /// The ids of a text, and which of its bytes they stand for.
    func encodeWithOffsets(_ text: String) throws(TokenizerError) -> TokenOffsets {
        var text = text
        var tokens = TokenOffsets()
        try scratch.withScratch { scratch throws(TokenizerError) in
            try text.withUTF8Bytes { bytes throws(TokenizerError) in
                tokens.reserveCapacity(bytes.count / Self.usualTokenLength)
                try forEachPart(of: bytes, TrackedOrigin()) { part, origin throws(TokenizerError) in
                    switch part {
                    case .token(let id, let length):
                        tokens.append(id, origin.range(0..<length, in: bytes))
                    case .word(let word):
                        try scratch.encode(word, with: model, into: &tokens, origin, in: bytes)
                    }
                }
            }
        }
        return tokens
    }

    /// Calls `body` with the added tokens and the words of a text, in order.
    private func forEachPart<Origin: TextOrigin>(
        of text: UTF8Bytes, _ origin: Origin, _ body: (Part, Origin) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try added.forEachPiece(in: text) { piece throws(TokenizerError) in
            switch piece {
            case .token(let id, let range): try body(.token(id, length: range.count), origin.part(from: range.lowerBound))
            case .text(let range):
                let piece = text.slice(range)
                let origin = origin.part(from: range.lowerBound)
                guard let normalizer else { return try cut(piece, origin, body) }
                try origin.withNormalized(piece, normalizer) { text, origin throws(TokenizerError) in
                    try cut(text, origin, body)
                }
            }
        }
    }

    /// Cuts a normalized text without verbatim added tokens.
    private func cut<Origin: TextOrigin>(
        _ text: UTF8Bytes, _ origin: Origin, _ body: (Part, Origin) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try added.forEachPiece(inNormalized: text) { piece throws(TokenizerError) in
            switch piece {
            case .token(let id, let range): try body(.token(id, length: range.count), origin.part(from: range.lowerBound))
            case .text(let range):
                try preTokenizer.forEachWord(in: text.slice(range), origin.part(from: range.lowerBound)) {
                    word, origin throws(TokenizerError) in
                    try body(.word(word), origin)
                }
            }
        }
    }
}
