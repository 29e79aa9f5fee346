/// How a part of a text looks, where colours are allowed: by the numbers of ECMA-48's SGR.
enum TextStyle: Int {
    case bold = 1
    case dim = 2
    case red = 31
    case green = 32
    case yellow = 33
    case cyan = 36
}

/// A text whose parts look different, and which knows how wide it is without its control sequences.
struct StyledText: ExpressibleByStringLiteral {
    private var parts: [(text: String, style: TextStyle?)] = []

    init(stringLiteral text: String) { self.init(text) }

    init(_ text: String, _ style: TextStyle? = nil) { parts = [(text, style)] }

    /// In columns; every character here is one wide.
    var width: Int { parts.reduce(0) { $0 + $1.text.count } }

    static func + (left: StyledText, right: StyledText) -> StyledText {
        var sum = left
        sum.parts += right.parts
        return sum
    }

    /// As it is written.
    func rendered(isColoured: Bool) -> String {
        parts.reduce(into: "") { line, part in
            if isColoured, let style = part.style {
                line += "\u{1B}[\(style.rawValue)m\(part.text)\u{1B}[0m"
            } else {
                line += part.text
            }
        }
    }
}
