extension FlagSet {
    /// Reads a command line into `options`.
    ///
    /// `--flag value` and `--flag=value`; words joined by `_` or `-`; booleans bare or with a word;
    /// of a repeated flag the last counts.
    ///
    /// - Returns: whether help was asked for
    /// - Throws: ``CommandError`` with exit code 2
    func parse(_ arguments: [String], into options: inout Options, command: String) throws(CommandError) -> Bool {
        var rest = arguments[...]
        var operands = self.operands[...]
        while let argument = rest.popFirst() {
            if argument == "-h" || argument == "--help" { return true }
            if !argument.hasPrefix("-"), let operand = operands.first {
                operand.add(argument, &options)
                if !operand.isRepeated { operands.removeFirst() }
                continue
            }
            guard argument.hasPrefix("--") else { throw stranger(argument, after: arguments, command) }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts.first ?? "").replacing("-", with: "_")
            guard let flag = flags.first(where: { $0.name == name }) else { throw unknown(name, command) }
            let value: String
            if parts.count == 2 {
                value = String(parts[1])
            } else if flag.isBoolean {
                // A bare boolean takes the next word only if it is one of truth.
                if let next = rest.first, Self.truth(next) != nil {
                    value = next
                    rest.removeFirst()
                } else {
                    value = "True"
                }
            } else if let next = rest.popFirst(), !next.hasPrefix("--") {
                value = next
            } else {
                throw .usage("--\(flag.name) needs a value (\(flag.type)); try `lora-train \(command) --help`")
            }
            if let expected = flag.set(value, &options) {
                throw .usage("--\(flag.name) is '\(value)', but must be \(expected)")
            }
            if let givenNames { options[keyPath: givenNames].insert(flag.name) }
        }
        return false
    }

    private func unknown(_ name: String, _ command: String) -> CommandError {
        let hint =
            Spelling.nearest(to: name, among: flags.map(\.name)).map { "did you mean --\($0)?" } ?? "try `lora-train \(command) --help`"
        return .usage("there is no flag --\(name); \(hint)")
    }

    private func stranger(_ argument: String, after arguments: [String], _ command: String) -> CommandError {
        let name = argument.drop { $0 == "-" }.replacing("-", with: "_")
        if argument.hasPrefix("-"), flags.contains(where: { $0.name == name }) {
            return .usage("'\(argument)' lacks a dash; did you mean --\(name)?")
        }
        return .usage("'\(argument)' belongs to no flag; try `lora-train \(command) --help`")
    }
}

/// The nearest of some words.
enum Spelling {
    /// The candidate that the fewest typing errors lead to, if they are few for its length.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let best = candidates.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
        guard let best, best.1 <= max(2, word.count / 3) else { return nil }
        return best.0
    }

    /// Insertions, deletions, replacements and swaps of neighbours (Damerau 1964), restricted to
    /// touch each letter once.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var rows = [Array(0...b.count)]
        for i in 1..<(a.count + 1) {
            var row = [i]
            for j in 1..<(b.count + 1) {
                var cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, rows[i - 2][j - 2] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
