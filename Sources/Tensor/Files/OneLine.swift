extension StringProtocol {
    /// The text with blanks for whatever would break the one line of an error message or drive a terminal.
    package var oneLine: String {
        unicodeScalars.reduce(into: "") { line, scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line += " "
            default: line.unicodeScalars.append(scalar)
            }
        }
    }
}

extension String {
    /// The text as an error's message: one line, whatever names a file puts into it, and of names that fill pages the
    /// middle left out, so that what the message says before and behind them is seen.
    package var message: String {
        let limit = 1000
        guard utf8.count > limit else { return oneLine }
        let scalars = unicodeScalars
        guard scalars.count > limit else { return oneLine }
        return (String(scalars.prefix(limit / 2)) + "…" + String(scalars.suffix(limit / 2))).oneLine
    }
}
