/// The two loss masks that MiniMind published, which search the ids for a header and an end.
///
/// Both work on the sequence after it was padded to the longest length. Where they count padding as targets, `sample`
/// keeps that padding, so that a packed sample trains on exactly what the padded one does.
public struct MiniMindMask: Sendable, Equatable {
    /// Which of the two.
    public enum Version: Sendable, Equatable {
        /// That of MiniMind's dataset of 2025, whose header is `bos + "assistant"`: skips the one token after the header
        /// (a newline) and counts up to one token after the end (again a newline).
        case v2
        /// That of MiniMind's dataset of 2026, whose header is `bos + "assistant\n"` and whose end is `eos + "\n"`: counts
        /// from the header to the last token of the end.
        case v3
    }

    /// Which of the two masks it is.
    public let version: Version
    /// The ids that open an answer.
    public let header: [Int32]
    /// The ids that close an answer. An answer that they do not close counts to the end of the padded sequence.
    public let end: [Int32]

    /// A mask that searches for these ids.
    public init(_ version: Version, header: [Int32], end: [Int32]) {
        self.version = version
        self.header = header
        self.end = end
    }

    /// A sample of these ids: cut at `maxSequenceLength`, with its mask.
    ///
    /// - Parameters:
    ///   - ids: A rendered conversation, uncut.
    ///   - maxSequenceLength: The longest sample; not negative.
    ///   - padID: What the published scripts fill a shorter sample up with.
    public func sample(_ ids: [Int32], maxSequenceLength: Int, padID: Int32) -> Sample {
        let removed = max(0, ids.count - maxSequenceLength)
        let kept = Array(ids.prefix(maxSequenceLength))
        let count = kept.count
        let margin = version == .v2 ? 1 : 0
        func padded(to length: Int) -> (ids: [Int32], mask: [Bool]) {
            let ids = kept + repeatElement(padID, count: length - count)
            return (ids, mask(ids, skipping: margin, following: margin))
        }
        // The longest sample may be far longer than memory. A header begins in front of the padding, so that the mask
        // ends before so much of it, unless nothing closes an answer: then it goes on to the end.
        let reach = header.count + end.count + margin
        var whole = padded(to: count + min(maxSequenceLength - count, reach))
        if whole.ids.count < maxSequenceLength, whole.mask.last == true || Set(header) == [padID] {
            whole = padded(to: maxSequenceLength)
        }
        let length = max(count, (whole.mask.lastIndex(of: true) ?? -1) + 1)
        return Sample(ids: Array(whole.ids[..<length]), mask: Array(whole.mask[..<length]), removed: removed)
    }

    /// Counts what lies between each header and the end that follows it, and the end itself.
    ///
    /// - Parameters:
    ///   - skipped: How many tokens after the header do not count.
    ///   - following: How many tokens after the end count too.
    private func mask(_ ids: [Int32], skipping skipped: Int, following: Int) -> [Bool] {
        var mask = [Bool](repeating: false, count: ids.count)
        guard !header.isEmpty, !end.isEmpty else { return mask }
        func matches(_ part: [Int32], at index: Int) -> Bool {
            index + part.count <= ids.count && ids[index] == part[0]
                && ids[index..<index + part.count].elementsEqual(part)
        }
        var index = 0
        while index < ids.count {
            guard matches(header, at: index) else {
                index += 1
                continue
            }
            let start = index + header.count
            var close = start
            while close < ids.count, !matches(end, at: close) { close += 1 }
            let first = start + skipped
            let last = min(close + end.count + following, ids.count)
            if first < last { for counted in first..<last { mask[counted] = true } }
            index = close + end.count
        }
        return mask
    }
}

extension MiniMindMask {
    /// The mask of a tokenizer with one of MiniMind's own templates, which are known by their text.
    ///
    /// - Returns: `nil` for another template, or a tokenizer that does not name its bos and eos tokens
    init?(_ tokenizer: Tokenizer, template source: String) {
        guard let bos = tokenizer.bosToken, let eos = tokenizer.eosToken else { return nil }
        guard let template = MiniMindTemplate(source, bos: bos, eos: eos) else { return nil }
        let (rule, newline) = template == .plain ? (Version.v2, "") : (.v3, "\n")
        guard let header = try? tokenizer.encode(bos + "assistant" + newline), let end = try? tokenizer.encode(eos + newline) else {
            return nil
        }
        self.init(rule, header: header, end: end)
    }
}
