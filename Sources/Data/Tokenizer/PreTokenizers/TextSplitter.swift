/// Cuts a text into pieces, or leaves parts of it out.
protocol TextSplitter: Sendable, Equatable {
    /// Calls `body` with the pieces of a text, in order.
    func forEachPiece(of text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError)
}

extension TextSplitter {
    /// Whether another splitter is the same.
    func isEqual(to other: any TextSplitter) -> Bool { other as? Self == self }
}

/// What becomes of the matches of a split.
enum SplitBehavior: String, Sendable {
    /// They are left out.
    case removed = "Removed"
    /// Each is a piece.
    case isolated = "Isolated"
    /// Each belongs to the piece before it, if that is not a match.
    case mergedWithPrevious = "MergedWithPrevious"
    /// Each belongs to the piece after it, if that is not a match.
    case mergedWithNext = "MergedWithNext"
    /// Those that touch are one piece.
    case contiguous = "Contiguous"

    /// Reads a `behavior` field.
    init(_ field: JSONField, default fallback: SplitBehavior? = nil) throws(TokenizerError) {
        if let fallback, field.value == nil {
            self = fallback
            return
        }
        let name = try field.string()
        guard let behavior = SplitBehavior(rawValue: name) else {
            throw field.unsupported("'\(name.oneLine)' is not a behavior of a split")
        }
        self = behavior
    }
}

/// Cuts at the matches of something.
struct MatchSplitter: TextSplitter {
    let matcher: any TextMatcher
    let behavior: SplitBehavior
    /// Whether what lies between the matches counts as the matches.
    var isInverted = false

    static func == (left: MatchSplitter, right: MatchSplitter) -> Bool {
        left.behavior == right.behavior && left.isInverted == right.isInverted && left.matcher.isEqual(to: right.matcher)
    }

    func forEachPiece(of text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        /// A piece whose end is not known yet.
        var pending: (range: Range<Int>, isMatch: Bool)?
        func add(_ range: Range<Int>, isMatch: Bool) throws(TokenizerError) {
            switch behavior {
            case .isolated: return try body(range)
            case .removed: return isMatch ? () : try body(range)
            case .mergedWithPrevious, .mergedWithNext, .contiguous: break
            }
            guard let last = pending else {
                pending = (range, isMatch)
                return
            }
            let joins =
                switch behavior {
                case .contiguous: isMatch == last.isMatch
                case .mergedWithPrevious: isMatch && !last.isMatch
                default: !isMatch && last.isMatch
                }
            if joins {
                pending = (last.range.lowerBound..<range.upperBound, isMatch)
            } else {
                try body(last.range)
                pending = (range, isMatch)
            }
        }
        var end = 0
        try matcher.forEachMatch(in: text) { match throws(TokenizerError) in
            if end < match.lowerBound { try add(end..<match.lowerBound, isMatch: isInverted) }
            try add(match, isMatch: !isInverted)
            end = match.upperBound
        }
        if end < text.count { try add(end..<text.count, isMatch: isInverted) }
        if let pending { try body(pending.range) }
    }
}

/// `\w+|[^\w\s]+`: words, and the signs between them; white space is left out.
struct WordSplitter: TextSplitter {
    func forEachPiece(of text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        let scanner = WordScanner(text: text, classes: .shared)
        var index = 0
        while index < text.count {
            if let end = scanner.endOfRun(from: index, { $1.contains(.whitespace) }) {
                index = end
            } else {
                let end =
                    scanner.endOfRun(from: index) { $1.contains(.word) }
                    ?? scanner.endOfRun(from: index) { $1.isDisjoint(with: [.word, .whitespace]) } ?? text.count
                try body(index..<end)
                index = end
            }
        }
    }
}

/// Pieces of so many characters.
struct LengthSplitter: TextSplitter {
    let length: Int

    func forEachPiece(of text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        let scanner = WordScanner(text: text, classes: .shared)
        var start = 0
        while start < text.count {
            let end = scanner.endOfRun(from: start, atMost: length) { _, _ in true } ?? text.count
            try body(start..<end)
            start = end
        }
    }
}
