extension StringProtocol {
    /// The text with blanks for whatever would break the one line of an error message or drive a terminal.
    var oneLine: String {
        unicodeScalars.reduce(into: "") { line, scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line += " "
            default: line.unicodeScalars.append(scalar)
            }
        }
    }
}
