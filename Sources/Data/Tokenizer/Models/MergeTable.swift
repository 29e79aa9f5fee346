import Tensor

/// The pairs that may be merged, by rank: lower is earlier. A pair has an entry, and an entry a rank and a
/// token.
struct MergeTable: Sendable {
    private var entries: PairTable
    /// The token that a pair becomes, by its entry; -1 for an entry without a pair.
    private var tokens: [Int32]
    /// The ranks by entry, where several pairs share one; empty where the entry is the rank.
    private var ranks: [Int32] = []

    /// The table in plain memory, for the time of a call.
    struct Lookup {
        fileprivate let pairs: PairTable.Lookup
        fileprivate let tokens: UnsafePointer<Int32>
        /// `nil` where the entry is the rank.
        fileprivate let ranks: UnsafePointer<Int32>?

        /// The entry of a pair of neighbouring tokens; -1 where they cannot be merged.
        @inline(__always)
        func entry(_ left: Int32, _ right: Int32) -> Int32 { pairs[left, right] }

        /// The rank of an entry.
        @inline(__always)
        func rank(_ entry: Int32) -> Int32 { ranks.map { $0[Int(entry)] } ?? entry }

        /// What the pair of an entry becomes.
        @inline(__always)
        func token(_ entry: Int32) -> Int32 { tokens[Int(entry)] }

        /// Whether a pair that was queued under a rank is the one of an entry, or becomes the same token. Of
        /// pairs that share a rank one is as good as the other: whichever stands there now has its turn now.
        @inline(__always)
        func isCurrent(rank: Int32, _ entry: Int32) -> Bool {
            guard let ranks else { return rank == entry || tokens[Int(rank)] == tokens[Int(entry)] }
            return rank == ranks[Int(entry)]
        }
    }

    /// Lends the table for looking up.
    func withLookup(_ body: (Lookup) -> Void) {
        entries.withLookup { pairs in
            tokens.withUnsafeBufferPointer { tokens in
                ranks.withUnsafeBufferPointer { ranks in
                    // Without a merge there is nothing to look up.
                    guard let tokens = tokens.baseAddress else { return }
                    body(Lookup(pairs: pairs, tokens: tokens, ranks: ranks.isEmpty ? nil : ranks.baseAddress))
                }
            }
        }
    }

    /// The rank of an entry.
    private func rank(_ entry: Int32) -> Int32 { ranks.isEmpty ? entry : ranks[Int(entry)] }

    /// What pairs become, in no order; some several times.
    var results: some Sequence<Int32> { tokens.lazy.filter { $0 >= 0 } }

    /// The pairs in the order of their ranks, each with what it becomes.
    var pairs: [(left: Int32, right: Int32, token: Int32)] {
        entries.all
            .sorted { (rank($0.value), $0.value) < (rank($1.value), $1.value) }
            .map { ($0.left, $0.right, tokens[Int($0.value)]) }
    }

    /// Reads the `model.merges` field, in rank order, in either spelling: `"a b"` or `["a", "b"]`.
    ///
    /// - Parameter prefix: What marks a token inside of a word. The right half of a pair loses it.
    init(_ field: JSONField, _ vocabulary: Vocabulary, prefix: [UInt8] = []) throws(TokenizerError) {
        guard let merges = field.value?.array else {
            throw field.malformed(field.value == nil ? "is missing" : "is not an array")
        }
        entries = PairTable(minimumCapacity: merges.count)
        tokens = Array(repeating: -1, count: merges.count)
        for (index, merge) in merges.enumerated() {
            // The first line of a merges.txt may have come along.
            if merge.string?.hasPrefix("#version") == true { continue }
            func malformed(_ reason: String) -> TokenizerError {
                .malformed(file: field.file, field: "\(field.path)[\(index)]", reason: reason)
            }
            guard let (left, right) = Self.halves(of: merge) else {
                throw malformed("is neither \"a b\" nor [\"a\", \"b\"]")
            }
            func id(_ token: String) throws(TokenizerError) -> Int32 {
                guard let id = vocabulary.id(of: token) else {
                    throw malformed("names '\(token.oneLine)', which is not in \(vocabulary.place)")
                }
                return id
            }
            // Of a repeated pair the last counts, as in a map.
            entries.insert(try id(left), try id(right), Int32(index))
            guard right.utf8.count >= prefix.count else { throw malformed("'\(right.oneLine)' is shorter than the prefix") }
            // The library takes as many bytes away as the prefix has, whichever they are.
            let merged = Array(left.utf8) + right.utf8.dropFirst(prefix.count)
            guard let token = vocabulary.id(of: merged) else {
                let spelling = String(decoding: merged, as: UTF8.self).oneLine
                throw malformed("names '\(spelling)', which is not in \(vocabulary.place)")
            }
            tokens[index] = token
        }
    }

    /// The merges of SentencePiece, as llama.cpp has them: two tokens merge where together they spell a
    /// third, the one of the highest score first, and of equal scores the one furthest left.
    ///
    /// A character that is no token by itself takes no part. llama.cpp would let it, but no vocabulary
    /// that was trained lacks a character of its own tokens.
    ///
    /// - Parameter scores: Of the tokens `0 ..< scores.count`, none of them NaN.
    init(scores: [Float], _ vocabulary: Vocabulary) {
        entries = PairTable()
        tokens = []
        var scoresOfEntries: [Float] = []
        for id in scores.indices.lazy.map(Int32.init) {
            guard let spelling = vocabulary.tokens[id] else { continue }
            let bytes = Array(spelling.utf8)
            for cut in bytes.indices.dropFirst() where bytes[cut] & 0xC0 != 0x80 {
                guard let left = vocabulary.id(of: Array(bytes[..<cut])), let right = vocabulary.id(of: Array(bytes[cut...]))
                else { continue }
                entries.insert(left, right, Int32(tokens.count))
                tokens.append(id)
                scoresOfEntries.append(scores[Int(id)])
            }
        }
        // Equal scores share a rank, so that the position decides among them.
        let order = Set(scoresOfEntries).sorted(by: >)
        let rankOfScore = Dictionary(uniqueKeysWithValues: zip(order, Int32(0)...))
        ranks = scoresOfEntries.map { rankOfScore[$0] ?? 0 }
    }

    /// The merges that an order of tokens implies: two tokens merge where together they spell a third, the first one of the
    /// order first, and of the ways to spell one the one with the shortest first half.
    ///
    /// - Parameters:
    ///   - ranked: Ids of the tokens that take part, as halves and as wholes.
    ///   - tokens: The spellings by id.
    init(ranked: [Int], _ spellings: [String], _ vocabulary: Vocabulary) {
        entries = PairTable(minimumCapacity: ranked.count)
        tokens = []
        var takesPart = [Bool](repeating: false, count: spellings.count)
        for id in ranked { takesPart[id] = true }
        func half(_ bytes: ArraySlice<UInt8>) -> Int32? {
            guard let id = vocabulary.id(of: Array(bytes)), takesPart.indices.contains(Int(id)), takesPart[Int(id)] else { return nil }
            return id
        }
        for id in ranked {
            let bytes = Array(spellings[id].utf8)
            for cut in bytes.indices.dropFirst() where bytes[cut] & 0xC0 != 0x80 {
                guard let left = half(bytes[..<cut]), let right = half(bytes[cut...]) else { continue }
                entries.insert(left, right, Int32(tokens.count))
                tokens.append(Int32(id))
            }
        }
    }

    /// The merges of tiktoken: two tokens merge where together they spell a third, the one of the lowest rank first, and of
    /// the ways to spell one the one with the halves of the lowest ranks.
    ///
    /// - Parameters:
    ///   - ranks: The bytes of the tokens by rank, no two alike.
    ///   - firstID: The id of rank 0.
    init(ranks: [[UInt8]], firstID: Int) {
        entries = PairTable(minimumCapacity: ranks.count)
        tokens = []
        var byBytes: [[UInt8]: Int] = [:]
        byBytes.reserveCapacity(ranks.count)
        for (rank, bytes) in ranks.enumerated() { byBytes[bytes] = rank }
        for (rank, bytes) in ranks.enumerated() {
            var pairs: [(left: Int, right: Int)] = []
            for cut in bytes.indices.dropFirst() {
                guard let left = byBytes[Array(bytes[..<cut])], let right = byBytes[Array(bytes[cut...])] else { continue }
                pairs.append((left, right))
            }
            for (left, right) in pairs.sorted(by: { ($0.left, $0.right) < ($1.left, $1.right) }) {
                entries.insert(Int32(firstID + left), Int32(firstID + right), Int32(tokens.count))
                tokens.append(Int32(firstID + rank))
            }
        }
    }

    private static func halves(of merge: JSON) -> (String, String)? {
        switch merge {
        case .string(let line):
            // As bytes, for a space and a combining mark behind it are one `Character`.
            let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(Substring(parts[0])), String(Substring(parts[1]))) : nil
        case .array(let parts):
            guard parts.count == 2, let left = parts[0].string, let right = parts[1].string else { return nil }
            return (left, right)
        default:
            return nil
        }
    }
}
