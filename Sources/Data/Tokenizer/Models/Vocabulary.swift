import Tensor

/// The tokens of the model and their ids.
///
/// Tokens are compared byte for byte; Swift's strings would take canonically equivalent ones for equal.
struct Vocabulary: Sendable {
    /// Ids stay below this, so that arithmetic on them cannot overflow; no model has a billion tokens.
    private static let idLimit = 1 << 30

    /// Where the tokens stand in the file, for messages.
    let place: String
    /// The tokens as they are spelled, in the byte-level alphabet where they are byte-level.
    private(set) var tokens: [Int32: String] = [:]
    /// Ids by the UTF-8 of the spelling.
    private var ids: [[UInt8]: Int32] = [:]

    /// How many ids the library counts, and from which on it gives new ones to added tokens: one for each spelling, and in
    /// a list one for each entry.
    let count: Int

    /// Reads the `model.vocab` field: an object from tokens to ids.
    init(_ field: JSONField) throws(TokenizerError) {
        place = field.path
        let object = try field.object()
        guard !object.keys.isEmpty else { throw field.malformed("is empty") }
        tokens.reserveCapacity(object.keys.count)
        ids.reserveCapacity(object.keys.count)
        for (token, value) in object {
            guard let id = value.integer, id >= 0, id < Self.idLimit else {
                throw field.malformed("'\(token)' has no id between 0 and \(Self.idLimit - 1)")
            }
            tokens[Int32(id)] = token
            ids[Array(token.utf8)] = Int32(id)
        }
        count = ids.count
    }

    /// The tokens of a list, whose ids are their places in it. Every spelling has to be its own.
    init(list: [String], file: String, place: String) throws(TokenizerError) {
        guard !list.isEmpty else { throw .malformed(file: file, field: place, reason: "is empty") }
        guard list.count <= Self.idLimit else {
            throw .malformed(file: file, field: place, reason: "has \(list.count) tokens, more than \(Self.idLimit)")
        }
        self.place = place
        count = list.count
        tokens.reserveCapacity(list.count)
        ids.reserveCapacity(list.count)
        for (token, id) in zip(list, Int32(0)...) {
            tokens[id] = token
            if let first = ids.updateValue(id, forKey: Array(token.utf8)) {
                throw .malformed(
                    file: file, field: "\(place)[\(id)]", reason: "'\(token.oneLine)' is also token \(first)")
            }
        }
    }

    /// The tokens of a list, whose ids are their places in it. Of a repeated spelling the last id counts.
    init(pieces: [String], _ field: JSONField) throws(TokenizerError) {
        guard !pieces.isEmpty else { throw field.malformed("is empty") }
        guard pieces.count <= Self.idLimit else { throw field.malformed("has more than \(Self.idLimit) tokens") }
        place = field.path
        count = pieces.count
        tokens.reserveCapacity(pieces.count)
        ids.reserveCapacity(pieces.count)
        for (token, id) in zip(pieces, Int32(0)...) {
            tokens[id] = token
            ids[Array(token.utf8)] = id
        }
    }

    /// The tokens with their ids, in the order of the ids, as `tokenizer.json` has them.
    var idsByToken: JSONObject {
        var object = JSONObject()
        let sorted = ids.sorted { $0.value == $1.value ? $0.key.lexicographicallyPrecedes($1.key) : $0.value < $1.value }
        for (token, id) in sorted { object[String(decoding: token, as: UTF8.self)] = .integer(Int(id)) }
        return object
    }

    /// The id of a spelling.
    func id(of token: String) -> Int32? { ids[Array(token.utf8)] }

    /// The id of a spelling in UTF-8.
    func id(of spelling: [UInt8]) -> Int32? { ids[spelling] }

    /// The ids by the UTF-8 of the spellings.
    func idsBySpelling() -> [[UInt8]: Int32] { ids }

    /// The ids of the tokens of one scalar, by it.
    ///
    /// - Parameters:
    ///   - prefix: What such a token starts with.
    ///   - suffix: What it ends with.
    func idsByScalar(after prefix: [UInt8] = [], before suffix: [UInt8] = []) -> [UInt32: Int32] {
        var byScalar: [UInt32: Int32] = [:]
        for (token, id) in ids {
            let length = token.count - prefix.count - suffix.count
            guard 1...4 ~= length, token.starts(with: prefix), token.suffix(suffix.count).elementsEqual(suffix) else { continue }
            let scalars = String(decoding: token[prefix.count..<prefix.count + length], as: UTF8.self).unicodeScalars
            if let first = scalars.first, scalars.dropFirst().isEmpty { byScalar[first.value] = id }
        }
        return byScalar
    }

    /// The ids by the bytes that the byte-level tokens stand for.
    func idsByBytes() -> [[UInt8]: Int32] {
        var byBytes: [[UInt8]: Int32] = [:]
        for (token, id) in ids {
            if let bytes = ByteLevelAlphabet.decode(String(decoding: token, as: UTF8.self)) { byBytes[bytes] = id }
        }
        return byBytes
    }

    /// The spellings as words have them, with their ids: as bytes where words are bytes, without those that no bytes spell.
    ///
    /// - Parameter prefix: Only the spellings that start with it, without it.
    func keys(isByteLevel: Bool, after prefix: [UInt8] = []) -> [(key: [UInt8], value: Int32)] {
        var keys: [(key: [UInt8], value: Int32)] = []
        keys.reserveCapacity(ids.count)
        for (token, id) in ids where token.starts(with: prefix) {
            let rest = Array(token.dropFirst(prefix.count))
            if !isByteLevel {
                keys.append((rest, id))
            } else if let bytes = ByteLevelAlphabet.decode(String(decoding: rest, as: UTF8.self)) {
                keys.append((bytes, id))
            }
        }
        return keys
    }
}
