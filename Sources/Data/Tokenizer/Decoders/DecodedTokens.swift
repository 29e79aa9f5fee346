import Synchronization

/// The tokens of all ids after the steps that rewrite each by itself. They are made when the first text is decoded, for
/// training decodes none.
final class DecodedTokens: Sendable {
    struct Token {
        var range: Range<Int>
        var isSpecial: Bool
    }

    /// Tokens one after another, by id.
    struct Table: Sendable {
        private struct Entry {
            var start: UInt32 = 0
            /// Negative where the id has no token.
            var count: Int32 = -1
            var isSpecial = false
        }

        private(set) var bytes: [UInt8] = []
        private var entries: [Entry]

        fileprivate init(idLimit: Int) { entries = Array(repeating: Entry(), count: idLimit) }

        subscript(id: Int32) -> Token? {
            guard id >= 0, Int(id) < entries.count, case let entry = entries[Int(id)], entry.count >= 0 else { return nil }
            return Token(range: Int(entry.start)..<Int(entry.start) + Int(entry.count), isSpecial: entry.isSpecial)
        }

        /// Adds a token of an id below the limit, which has none yet.
        fileprivate mutating func add(_ id: Int32, isSpecial: Bool, _ appendToken: (inout [UInt8]) -> Void) {
            let start = bytes.count
            appendToken(&bytes)
            guard let place = UInt32(exactly: start), let count = Int32(exactly: bytes.count - start) else { return }
            entries[Int(id)] = Entry(start: place, count: count, isSpecial: isSpecial)
        }
    }

    /// What is known of the table.
    private enum State {
        case new, none
        case made(Table)
    }

    /// In bytes. Vocabularies whose tokens a file makes longer than that are decoded without a table.
    private static let sizeLimit = 1 << 26
    /// How many ids may be without a token, for each that has one.
    private static let sparsityLimit = 8

    private let state = Mutex(State.new)

    /// The table; `nil` where it would be too large.
    func table(of decoder: TokenDecoder) -> Table? {
        state.withLock { state in
            switch state {
            case .made(let table): return table
            case .none: return nil
            case .new:
                let table = Self.makeTable(of: decoder)
                state = table.map { .made($0) } ?? .none
                return table
            }
        }
    }

    private static func makeTable(of decoder: TokenDecoder) -> Table? {
        guard decoder.idLimit / sparsityLimit <= decoder.tokenCount else { return nil }
        var table = Table(idLimit: decoder.idLimit)
        var steps = decoder.chain.spellingSteps
        var isSmall = true
        decoder.forEachSpelling { id, spelling in
            isSmall = isSmall && Double(table.bytes.count) + Double(spelling.utf8.count) * decoder.chain.growth <= Double(sizeLimit)
            guard isSmall else { return }
            var spelling = spelling
            table.add(id, isSpecial: decoder.isSpecial(spelling)) { bytes in
                spelling.withUTF8Bytes { steps.append($0, to: &bytes) }
                steps.finish(to: &bytes)
            }
        }
        return isSmall ? table : nil
    }
}
