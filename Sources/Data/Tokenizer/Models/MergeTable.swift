import Tensor

/// The pairs that may be merged, by rank: lower is earlier. A pair has an entry, and an entry a rank and a
/// token.
struct MergeTable: Sendable {
    fileprivate struct Entry: Sendable {
        /// What the pair becomes; -1 for an entry without a pair.
        var token: Int32
        var rank: Int32
        /// Its ``MergeConflicts``.
        var before: UInt32
        var after: UInt32
    }

    /// The entries of the pairs.
    private let table: PairTable
    private let entries: [Entry]
    private let ends: [MergeConflicts.Ends]
    /// Whether several pairs may have the same rank. Otherwise the rank of an entry is its place.
    private let sharesRanks: Bool

    /// - Parameters:
    ///   - tokens: What the pairs become, by entry; -1 for an entry without a pair.
    ///   - ranks: By entry, where several pairs share one.
    private init(_ table: PairTable, _ tokens: [Int32], ranks: [Int32]? = nil) {
        self.table = table
        sharesRanks = ranks != nil
        func rank(_ entry: Int) -> Int32 { ranks.map { $0[entry] } ?? Int32(entry) }
        var pairs = table.all.map {
            MergeConflicts.Pair(
                left: $0.left, right: $0.right, token: tokens[Int($0.value)], entry: $0.value, rank: rank(Int($0.value)))
        }
        pairs.sort { $0.rank < $1.rank }
        let conflicts = MergeConflicts(pairs, entryCount: tokens.count)
        ends = conflicts.ends
        entries = tokens.indices.map {
            Entry(token: tokens[$0], rank: rank($0), before: conflicts.before[$0], after: conflicts.after[$0])
        }
    }

    /// The table in plain memory, for the time of a call.
    struct Lookup {
        fileprivate let table: PairTable.Lookup
        fileprivate let entries: UnsafeBufferPointer<Entry>
        fileprivate let ends: UnsafeBufferPointer<MergeConflicts.Ends>
        fileprivate let sharesRanks: Bool

        /// The entry of a pair of neighbouring tokens; -1 where they cannot be merged.
        @inline(__always)
        func entry(_ left: Int32, _ right: Int32) -> Int32 { table[left, right] }

        /// The rank of an entry.
        @inline(__always)
        func rank(_ entry: Int32) -> Int32 { entries[Int(entry)].rank }

        /// What the pair of an entry becomes.
        @inline(__always)
        func token(_ entry: Int32) -> Int32 { entries[Int(entry)].token }

        /// Whether it is known where pairs need not wait for their turn.
        var knowsConflicts: Bool { !ends.isEmpty }

        /// The classes of a token, for ``isCertain(_:after:before:)``.
        @inline(__always)
        func ends(of token: Int32) -> MergeConflicts.Ends {
            // A token beyond the list merges with no other.
            ends.indices.contains(Int(token)) ? ends[Int(token)] : MergeConflicts.Ends()
        }

        /// Whether the pair of an entry need not wait for its turn.
        ///
        /// - Parameters:
        ///   - left: How the token before the pair ends; 0 at the start of a word.
        ///   - right: How the token after it begins; 0 at the end of a word.
        @inline(__always)
        func isCertain(_ entry: Int32, after left: UInt32, before right: UInt32) -> Bool {
            let entry = entries[Int(entry)]
            return entry.before & left | entry.after & right == 0
        }

        /// Whether a pair that was queued under a rank is the one of an entry, or becomes the same token. Of
        /// pairs that share a rank one is as good as the other: whichever stands there now has its turn now.
        @inline(__always)
        func isCurrent(rank: Int32, _ entry: Int32) -> Bool {
            rank == self.rank(entry) || !sharesRanks && token(rank) == token(entry)
        }
    }

    /// Lends the table for looking up.
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        table.withLookup { table in
            entries.withUnsafeBufferPointer { entries in
                ends.withUnsafeBufferPointer { ends in
                    body(Lookup(table: table, entries: entries, ends: ends, sharesRanks: sharesRanks))
                }
            }
        }
    }

    /// What pairs become, in no order; some several times.
    var results: some Sequence<Int32> { entries.lazy.map(\.token).filter { $0 >= 0 } }

    /// The pairs in the order of their ranks, each with what it becomes.
    var pairs: [(left: Int32, right: Int32, token: Int32)] {
        func entry(_ index: Int32) -> Entry { entries[Int(index)] }
        return table.all
            .sorted { (entry($0.value).rank, $0.value) < (entry($1.value).rank, $1.value) }
            .map { ($0.left, $0.right, entry($0.value).token) }
    }

    /// Reads the `model.merges` field, in rank order, in either spelling: `"a b"` or `["a", "b"]`.
    ///
    /// - Parameter prefix: What marks a token inside of a word. The right half of a pair loses it.
    init(_ field: JSONField, _ vocabulary: Vocabulary, prefix: [UInt8] = []) throws(TokenizerError) {
        guard let merges = field.value?.array else {
            throw field.malformed(field.value == nil ? "is missing" : "is not an array")
        }
        var table = PairTable(minimumCapacity: merges.count)
        var tokens = [Int32](repeating: -1, count: merges.count)
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
            table.insert(try id(left), try id(right), Int32(index))
            guard right.utf8.count >= prefix.count else { throw malformed("'\(right.oneLine)' is shorter than the prefix") }
            // The library takes as many bytes away as the prefix has, whichever they are.
            let merged = Array(left.utf8) + right.utf8.dropFirst(prefix.count)
            guard let token = vocabulary.id(of: merged) else {
                let spelling = String(decoding: merged, as: UTF8.self).oneLine
                throw malformed("names '\(spelling)', which is not in \(vocabulary.place)")
            }
            tokens[index] = token
        }
        self.init(table, tokens)
    }

    /// The merges of SentencePiece, as llama.cpp has them: two tokens merge where together they spell a
    /// third, the one of the highest score first, and of equal scores the one furthest left.
    ///
    /// A character that is no token by itself takes no part. llama.cpp would let it, but no vocabulary
    /// that was trained lacks a character of its own tokens.
    ///
    /// - Parameter scores: Of the tokens `0 ..< scores.count`, none of them NaN.
    init(scores: [Float], _ vocabulary: Vocabulary) {
        var table = PairTable()
        var tokens: [Int32] = []
        var scoresOfEntries: [Float] = []
        for id in scores.indices.lazy.map(Int32.init) {
            guard let spelling = vocabulary.tokens[id] else { continue }
            let bytes = Array(spelling.utf8)
            for cut in bytes.indices.dropFirst() where bytes[cut] & 0xC0 != 0x80 {
                guard let left = vocabulary.id(of: Array(bytes[..<cut])), let right = vocabulary.id(of: Array(bytes[cut...]))
                else { continue }
                table.insert(left, right, Int32(tokens.count))
                tokens.append(id)
                scoresOfEntries.append(scores[Int(id)])
            }
        }
        // Equal scores share a rank, so that the position decides among them.
        let order = Set(scoresOfEntries).sorted(by: >)
        let rankOfScore = Dictionary(uniqueKeysWithValues: zip(order, Int32(0)...))
        self.init(table, tokens, ranks: scoresOfEntries.map { rankOfScore[$0] ?? 0 })
    }

    /// The merges that an order of tokens implies: two tokens merge where together they spell a third, the first one of the
    /// order first, and of the ways to spell one the one with the shortest first half.
    ///
    /// - Parameters:
    ///   - ranked: Ids of the tokens that take part, as halves and as wholes.
    ///   - tokens: The spellings by id.
    init(ranked: [Int], _ spellings: [String], _ vocabulary: Vocabulary) {
        var table = PairTable(minimumCapacity: ranked.count)
        var tokens: [Int32] = []
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
                table.insert(left, right, Int32(tokens.count))
                tokens.append(Int32(id))
            }
        }
        self.init(table, tokens)
    }

    /// The merges of tiktoken: two tokens merge where together they spell a third, the one of the lowest rank first, and of
    /// the ways to spell one the one with the halves of the lowest ranks.
    ///
    /// - Parameters:
    ///   - ranks: The bytes of the tokens by rank, no two alike.
    ///   - firstID: The id of rank 0.
    init(ranks: [[UInt8]], firstID: Int) {
        var table = PairTable(minimumCapacity: ranks.count)
        var tokens: [Int32] = []
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
                table.insert(Int32(firstID + left), Int32(firstID + right), Int32(tokens.count))
                tokens.append(Int32(firstID + rank))
            }
        }
        self.init(table, tokens)
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
