/// Where the characters of a text end, as extended grapheme clusters of UAX #29.
///
/// Swift's own clusters are of the platform's Unicode version, which need not be the library's.
struct GraphemeBreaks: Sendable {
    private let classes = NormalizerClasses.shared

    /// The end of the character that starts at an index before the end of the text.
    func end(from start: Int, in text: UTF8Bytes) -> Int {
        let first = text.scalar(at: start)
        var state = State(classes.graphemeClass(of: first.value))
        var end = start + first.length
        while end < text.count {
            let (scalar, length) = text.scalar(at: end)
            guard state.joins(classes.graphemeClass(of: scalar)) else { break }
            end += length
        }
        return end
    }

    /// What is to be known of the scalars of a character so far.
    private struct State {
        private enum Sequence {
            case none
            /// A pictograph, or a consonant, and marks after it.
            case begun
            /// And then what joins it to another.
            case joining
        }

        private var last: GraphemeClass
        private var pictographs = Sequence.none
        private var consonants = Sequence.none
        /// Whether the last scalar is a regional indicator without its pair.
        private var isHalfFlag = false

        init(_ first: GraphemeClass) {
            last = first
            advance(first)
        }

        /// Whether the next scalar is of the same character, which then has it.
        mutating func joins(_ next: GraphemeClass) -> Bool {
            guard isJoined(to: next) else { return false }
            advance(next)
            last = next
            return true
        }

        private func isJoined(to next: GraphemeClass) -> Bool {
            if last.isControl || next.isControl { return last == .carriageReturn && next == .lineFeed }
            if next.isExtend || next == .joiner || next == .spacingMark || last == .prepend { return true }
            switch (last, next) {
            case (.leadingJamo, .leadingJamo), (.leadingJamo, .vowelJamo), (.leadingJamo, .syllable), (.leadingJamo, .closedSyllable),
                (.syllable, .vowelJamo), (.vowelJamo, .vowelJamo), (.syllable, .trailingJamo), (.vowelJamo, .trailingJamo),
                (.closedSyllable, .trailingJamo), (.trailingJamo, .trailingJamo):
                return true
            default: break
            }
            return next == .conjunctConsonant && consonants == .joining
                || next == .pictographic && pictographs == .joining
                || next == .regionalIndicator && isHalfFlag
        }

        private mutating func advance(_ scalar: GraphemeClass) {
            isHalfFlag = scalar == .regionalIndicator && !isHalfFlag
            switch scalar {
            case .pictographic: pictographs = .begun
            case .joiner: pictographs = pictographs == .begun ? .joining : .none
            case .extend, .conjunctExtend, .conjunctLinker: pictographs = pictographs == .begun ? .begun : .none
            default: pictographs = .none
            }
            switch scalar {
            case .conjunctConsonant: consonants = .begun
            case .conjunctLinker: consonants = consonants == .none ? .none : .joining
            case .conjunctExtend, .joiner: break
            default: consonants = .none
            }
        }
    }
}
