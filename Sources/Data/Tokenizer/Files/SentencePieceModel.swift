/// A model of SentencePiece as its trainer writes it: `ModelProto` of `sentencepiece_model.proto`.
struct SentencePieceModel {
    enum PieceType: Int {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    enum Algorithm: Int {
        case unigram = 1
        case bpe, word, char
    }

    private(set) var pieces: [String] = []
    private(set) var scores: [Float] = []
    private(set) var types: [PieceType] = []

    private(set) var algorithm = Algorithm.unigram
    private(set) var fallsBack = false
    private(set) var unknownID = 0
    private(set) var bosID = 1
    private(set) var eosID = 2
    private(set) var padID = -1
    private(set) var unknownPiece = "<unk>"
    private(set) var bosPiece = "<s>"
    private(set) var eosPiece = "</s>"
    private(set) var padPiece = "<pad>"
    private(set) var marksWordEnds = false

    private(set) var charsmap: [UInt8] = []
    private(set) var addsDummyPrefix = true
    private(set) var removesExtraSpaces = true
    private(set) var escapesSpaces = true
    /// Whether it has a map for decoded text, which no tokenizer of `transformers` follows.
    private(set) var hasDenormalizer = false

    private let file: String

    init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
        self.file = file
        try forEachField(of: bytes[...], "the whole file") { model, number, value throws(TokenizerError) in
            switch (number, value) {
            case (1, .bytes(let piece)): try model.readPiece(piece)
            case (2, .bytes(let spec)): try model.readTrainer(spec)
            case (3, .bytes(let spec)): try model.readNormalizer(spec)
            case (5, .bytes(let spec)): try model.readDenormalizer(spec)
            case (1, _), (2, _), (3, _), (5, _): throw model.malformed("the whole file", "is not a model of SentencePiece")
            default: break
            }
        }
        try check()
    }

    func malformed(_ field: String, _ reason: String) -> TokenizerError { .malformed(file: file, field: field, reason: reason) }

    private mutating func forEachField(
        of bytes: ArraySlice<UInt8>, _ place: String,
        _ body: (inout SentencePieceModel, Int, ProtobufReader.Value) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        var reader = ProtobufReader(bytes)
        while true {
            let field: (number: Int, value: ProtobufReader.Value)?
            do throws(ProtobufReader.Damage) {
                field = try reader.next()
            } catch {
                throw malformed(place, "is not a model of SentencePiece, or is cut off at byte \(error.offset)")
            }
            guard let field else { return }
            try body(&self, field.number, field.value)
        }
    }

    private mutating func readPiece(_ bytes: ArraySlice<UInt8>) throws(TokenizerError) {
        let place = "pieces[\(pieces.count)]"
        var (piece, score, type) = ("", Float(0), PieceType.normal)
        try forEachField(of: bytes, place) { model, number, value throws(TokenizerError) in
            switch (number, value) {
            case (1, .bytes(let text)): piece = try model.text(text, place + ".piece")
            case (2, .fixed32(let bits)): score = Float(bitPattern: bits)
            case (3, .integer(let number)):
                guard let known = Int(exactly: number).flatMap(PieceType.init(rawValue:)) else {
                    throw model.malformed(place + ".type", "is \(number), which is no type of a piece, 1 to 6")
                }
                type = known
            case (1, _), (2, _), (3, _): throw model.malformed(place, "has a field of another type")
            default: break
            }
        }
        guard !piece.isEmpty else { throw malformed(place + ".piece", "is empty") }
        guard score.isFinite else { throw malformed(place + ".score", "is not a finite number") }
        pieces.append(piece)
        scores.append(score)
        types.append(type)
    }

    private mutating func readTrainer(_ bytes: ArraySlice<UInt8>) throws(TokenizerError) {
        try forEachField(of: bytes, "trainer_spec") { model, number, value throws(TokenizerError) in
            func id(_ number: UInt64) -> Int { Int(Int32(truncatingIfNeeded: number)) }
            switch (number, value) {
            case (3, .integer(let number)):
                guard let known = Int(exactly: number).flatMap(Algorithm.init(rawValue:)) else {
                    throw model.malformed("trainer_spec.model_type", "is \(number), which is no type of a model, 1 to 4")
                }
                model.algorithm = known
            case (24, .integer(let flag)): model.marksWordEnds = flag != 0
            case (35, .integer(let flag)): model.fallsBack = flag != 0
            case (40, .integer(let number)): model.unknownID = id(number)
            case (41, .integer(let number)): model.bosID = id(number)
            case (42, .integer(let number)): model.eosID = id(number)
            case (43, .integer(let number)): model.padID = id(number)
            case (45, .bytes(let text)): model.unknownPiece = try model.text(text, "trainer_spec.unk_piece")
            case (46, .bytes(let text)): model.bosPiece = try model.text(text, "trainer_spec.bos_piece")
            case (47, .bytes(let text)): model.eosPiece = try model.text(text, "trainer_spec.eos_piece")
            case (48, .bytes(let text)): model.padPiece = try model.text(text, "trainer_spec.pad_piece")
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ bytes: ArraySlice<UInt8>) throws(TokenizerError) {
        try forEachField(of: bytes, "normalizer_spec") { model, number, value throws(TokenizerError) in
            switch (number, value) {
            case (2, .bytes(let map)): model.charsmap = Array(map)
            case (3, .integer(let flag)): model.addsDummyPrefix = flag != 0
            case (4, .integer(let flag)): model.removesExtraSpaces = flag != 0
            case (5, .integer(let flag)): model.escapesSpaces = flag != 0
            default: break
            }
        }
    }

    private mutating func readDenormalizer(_ bytes: ArraySlice<UInt8>) throws(TokenizerError) {
        try forEachField(of: bytes, "denormalizer_spec") { model, number, value throws(TokenizerError) in
            if case (2, .bytes(let map)) = (number, value), !map.isEmpty { model.hasDenormalizer = true }
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>, _ place: String) throws(TokenizerError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed(place, "is not UTF-8") }
        return text
    }

    private func check() throws(TokenizerError) {
        guard !pieces.isEmpty else { throw malformed("pieces", "is empty, so this is not a model of SentencePiece") }
        guard algorithm == .unigram || algorithm == .bpe else {
            throw .unsupported(
                file: file, field: "trainer_spec.model_type", reason: "models of the types word and char are not supported")
        }
        guard !marksWordEnds else {
            throw .unsupported(
                file: file, field: "trainer_spec.treat_whitespace_as_suffix", reason: "spaces at the ends of words are not supported")
        }
        guard !hasDenormalizer else {
            throw .unsupported(file: file, field: "denormalizer_spec", reason: "rewriting of decoded text is not supported")
        }
        guard SplitCost.isBearable(pieces.lazy.map(\.utf8.count)) else {
            throw malformed("pieces", "are longer than those of any vocabulary")
        }
        var first: [[UInt8]: Int] = [:]
        first.reserveCapacity(pieces.count)
        for (id, piece) in pieces.enumerated() {
            if let other = first.updateValue(id, forKey: Array(piece.utf8)) {
                throw malformed("pieces[\(id)]", "'\(piece.oneLine)' is also piece \(other)")
            }
        }
        guard algorithm == .bpe || pieces.indices.contains(unknownID) && types[unknownID] == .unknown else {
            throw malformed("trainer_spec.unk_id", "\(unknownID) is not the id of the piece for what is unknown")
        }
    }
}
