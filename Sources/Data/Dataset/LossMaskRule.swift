/// Which tokens of a rendered conversation count in the loss: those that the assistant says.
///
/// All rules look for a header, the ids that open an assistant's turn, and for an end, the ids that close it. They
/// differ in what lies between. The two published rules work on the sequence after it was padded to the longest length;
/// where they count padding as targets, `sample` keeps that padding, so that a packed sample trains on exactly what the
/// padded one does.
public enum LossMaskRule: Sendable, Equatable {
    /// The rule of MiniMind's dataset of 2025, whose header is `bos + "assistant"`: skips the one token behind the
    /// header (a newline) and counts up to one token behind the end (again a newline). After an answer that nothing
    /// closes, it counts to the end of the padded sequence.
    case minimindV2(header: [Int32], end: [Int32])

    /// The rule of MiniMind's dataset of 2026, whose header is `bos + "assistant\n"` and whose end is `eos + "\n"`:
    /// counts from behind the header to the last token of the end. After an answer that nothing closes, it counts to
    /// the end of the padded sequence.
    case minimindV3(header: [Int32], end: [Int32])

    /// The rule for every other tokenizer: counts from behind the header to the last token of the end, and never
    /// padding. An answer that the cut leaves open counts to the last token that is left.
    ///
    /// The last `blanks` tokens of the header are white space, which an answer that starts with white space may draw into
    /// a token of its own. So they are skipped where they stand, but not asked for. `blanks` is not negative.
    case delimited(header: [Int32], end: [Int32], blanks: Int = 0)

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
        switch self {
        case .delimited(let header, let end, let blanks):
            let mask = Self.mask(kept, header, end, blanks: blanks, skipping: 0, following: 0)
            return Sample(ids: kept, mask: mask, removed: removed)
        case .minimindV2(let header, let end), .minimindV3(let header, let end):
            let margin = if case .minimindV2 = self { 1 } else { 0 }
            func padded(to length: Int) -> (ids: [Int32], mask: [Bool]) {
                let ids = kept + repeatElement(padID, count: length - count)
                return (ids, Self.mask(ids, header, end, skipping: margin, following: margin))
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
    }

    /// Counts what lies between each header and the end that follows it, and the end itself.
    ///
    /// - Parameters:
    ///   - blanks: How many tokens at the header's end may be missing, together.
    ///   - skipped: How many tokens behind the header do not count.
    ///   - following: How many tokens behind the end count too.
    private static func mask(
        _ ids: [Int32], _ header: [Int32], _ end: [Int32], blanks: Int = 0, skipping skipped: Int, following: Int
    ) -> [Bool] {
        var mask = [Bool](repeating: false, count: ids.count)
        let opening = Array(header.dropLast(blanks))
        guard !opening.isEmpty, !end.isEmpty else { return mask }
        func matches(_ part: [Int32], at index: Int) -> Bool {
            index + part.count <= ids.count && ids[index] == part[0]
                && ids[index..<index + part.count].elementsEqual(part)
        }
        var index = 0
        while index < ids.count {
            guard matches(opening, at: index) else {
                index += 1
                continue
            }
            let start = index + (matches(header, at: index) ? header.count : opening.count)
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
