import Tensor

/// The tokens of what a word is made of before anything is merged: its bytes or its characters.
///
/// A model may mark them by where in the word they stand: those after the first by a prefix, such as `##`, and the last by
/// a suffix, such as CLIP's `</w>`.
struct WordAlphabet: Sendable {
    private let isByteLevel: Bool
    private let isMarked: Bool
    /// Of the only byte or character of a word, and of all where nothing is marked.
    private let only: ScalarTable
    private let first: ScalarTable
    private let middle: ScalarTable
    private let last: ScalarTable
    /// The tokens by byte, where words are bytes and nothing is marked, as it most often is; otherwise empty.
    private let plainBytes: [Int32]

    /// - Parameters:
    ///   - isByteLevel: Whether words come as bytes, which the vocabulary spells by the byte-level alphabet.
    ///   - prefix: The mark of all but the first.
    ///   - suffix: The mark of the last.
    init(_ vocabulary: Vocabulary, isByteLevel: Bool, prefix: [UInt8], suffix: [UInt8]) {
        self.isByteLevel = isByteLevel
        func table(_ prefix: [UInt8], _ suffix: [UInt8]) -> ScalarTable {
            let ids = vocabulary.idsByScalar(after: prefix, before: suffix)
            guard isByteLevel else { return ScalarTable(ids) }
            let bytes = ByteLevelAlphabet.scalars.enumerated().compactMap { byte, scalar in ids[scalar.value].map { (UInt32(byte), $0) } }
            return ScalarTable(Dictionary(uniqueKeysWithValues: bytes))
        }
        isMarked = !prefix.isEmpty || !suffix.isEmpty
        only = table([], suffix)
        first = isMarked ? table([], []) : only
        middle = isMarked ? table(prefix, []) : only
        last = isMarked ? table(prefix, suffix) : only
        plainBytes = isByteLevel && !isMarked ? (0..<256).map { [only] in only[$0] } : []
    }

    /// The byte or character at an index, and how many bytes it takes.
    @inline(__always)
    func unit(of word: UTF8Bytes, at index: Int) -> (value: UInt32, length: Int) {
        isByteLevel ? (UInt32(word[index]), 1) : word.scalar(at: index)
    }

    /// The token of a byte or character; -1 where it has none.
    @inline(__always)
    func token(_ unit: UInt32, isFirst: Bool, isLast: Bool) -> Int32 {
        guard isMarked, !(isFirst && isLast) else { return only[unit] }
        return isFirst ? first[unit] : isLast ? last[unit] : middle[unit]
    }

    /// Adds the tokens of the bytes at the start of a word, up to one without a token, where bytes are not marked.
    ///
    /// - Returns: How many there are.
    @inline(__always)
    func addPlainBytes(of word: UTF8Bytes, to workspace: inout MergeWorkspace) -> Int {
        guard !plainBytes.isEmpty else { return 0 }
        return plainBytes.withUnsafeBufferPointer { tokens in
            var index = 0
            while index < word.count, tokens[Int(word[index])] >= 0 {
                workspace.append(tokens[Int(word[index])], length: 1)
                index += 1
            }
            return index
        }
    }

    /// Whether every byte has a token, in every place.
    var hasAllBytes: Bool {
        isByteLevel
            && (0..<256).allSatisfy { byte in
                [(true, true), (true, false), (false, false), (false, true)].allSatisfy {
                    token(byte, isFirst: $0.0, isLast: $0.1) >= 0
                }
            }
    }
}
