/// The tokens of words that came before. Each word has one place in it, given by its hash, where it takes
/// the place of the word before: so a search costs the same whatever the text is, and no text, not even
/// one made for it, can slow the cache down.
struct WordCache: Sendable {
    private struct Slot: Sendable {
        /// The lower half of the hash; the upper bits name the slot.
        var hash: UInt32 = 0
        /// Where the word starts in `bytes`, and its tokens in `tokens`.
        var firstByte: Int32 = 0
        var firstToken: Int32 = 0
        var tokenCount: UInt16 = 0
        /// 0 in a free slot.
        var byteCount: UInt8 = 0
    }

    private static let slotBits = 16
    /// All words together may take so many bytes. There are hardly more tokens than bytes: a word has more only where the
    /// bytes of marks or of the byte-level alphabet are tokens.
    private static let byteLimit = 1 << 20

    private var slots = [Slot](repeating: Slot(), count: 1 << slotBits)
    private var bytes: [UInt8] = []
    private(set) var tokens: [Int32] = []
    /// How many bytes each of them stands for.
    private(set) var lengths: [UInt8] = []

    /// Where the tokens of a word are; `nil` where they are not known.
    @inline(__always)
    func find(_ word: UTF8Bytes, hash: UInt64) -> Range<Int>? {
        let slot = slots[Self.index(hash)]
        guard slot.hash == UInt32(truncatingIfNeeded: hash), Int(slot.byteCount) == word.count else { return nil }
        let start = Int(slot.firstByte)
        let isSame = bytes.withUnsafeBufferPointer { $0.contains(word, at: start) }
        guard isSame else { return nil }
        let firstToken = Int(slot.firstToken)
        return firstToken..<firstToken + Int(slot.tokenCount)
    }

    /// Adds the tokens of a word to a list.
    @inline(__always)
    func appendTokens(_ range: Range<Int>, to ids: inout [Int32]) {
        tokens.withUnsafeBufferPointer { ids += UnsafeBufferPointer(rebasing: $0[range]) }
    }

    /// Keeps the tokens of a word of at most 255 bytes.
    ///
    /// - Parameter workspace: Holds them.
    /// - Returns: Where they are.
    mutating func insert(_ word: UTF8Bytes, hash: UInt64, _ workspace: MergeWorkspace) -> Range<Int> {
        if bytes.count + word.count > Self.byteLimit { removeAll() }
        let firstToken = tokens.count
        workspace.forEachToken {
            tokens.append($0)
            lengths.append(UInt8($1))
        }
        slots[Self.index(hash)] = Slot(
            hash: UInt32(truncatingIfNeeded: hash), firstByte: Int32(bytes.count), firstToken: Int32(firstToken),
            tokenCount: UInt16(tokens.count - firstToken), byteCount: UInt8(word.count))
        bytes += word
        return firstToken..<tokens.count
    }

    /// Starting over is simpler than to evict the oldest, and follows the text when it changes.
    private mutating func removeAll() {
        for index in slots.indices { slots[index] = Slot() }
        bytes.removeAll(keepingCapacity: true)
        tokens.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
    }

    /// The hash of a word, eight bytes at a step.
    @inline(__always)
    static func hash(_ word: UTF8Bytes) -> UInt64 {
        let bytes = UnsafeRawBufferPointer(word)
        var hash = UInt64(truncatingIfNeeded: word.count)
        var index = 0
        while index + 8 <= word.count {
            hash = mix(hash, bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var rest: UInt64 = 0
        while index < word.count {
            rest = rest << 8 | UInt64(word[index])
            index += 1
        }
        return mix(hash, rest)
    }

    @inline(__always)
    private static func mix(_ hash: UInt64, _ bytes: UInt64) -> UInt64 {
        let product = (hash ^ bytes) &* 0x9E37_79B9_7F4A_7C15
        return product ^ product >> 32
    }

    @inline(__always)
    private static func index(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> UInt64(64 - slotBits)) }
}
