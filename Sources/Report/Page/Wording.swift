import Foundation

/// Numbers as the page writes them.
enum Wording {
    private static let minus = "−"

    /// Three or four significant digits: 0.168, 2.82, 1234, 2.5e-5.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "—" : value < 0 ? minus + "∞" : "∞" }
        if value == 0 { return "0" }
        let size = abs(value)
        let text: String
        if size < 1e-3 || size >= 1e6 {
            text = scientific(value)
        } else {
            let decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 3 : 4
            text = String(format: "%.\(decimals)f", value)
        }
        return signed(text)
    }

    /// A number's text with a minus as it is printed. That of an exponent stays as programs read it.
    static func signed(_ text: String) -> String { text.hasPrefix("-") ? minus + text.dropFirst() : text }

    /// A loss, as logs have it.
    static func loss(_ value: Double) -> String { abs(value) < 100 ? signed(String(format: "%.3f", value)) : number(value) }

    /// What losses, the lowest first, mean as perplexities, with as many digits as tell them apart.
    static func perplexities(ofLosses losses: [Double]) -> [String] {
        let values = losses.map { exp($0) }
        let nearest = zip(values, values.dropFirst()).map { $1 - $0 }.min() ?? 1
        return values.map { value in
            // Beyond what a number can hold they cannot be told apart.
            guard value < 1e4, nearest.isFinite, nearest > 1e-5 else { return number(value) }
            let places = max(Int((-log10(nearest)).rounded(.up)), value < 10 ? 2 : value < 100 ? 1 : 0)
            return String(format: "%.\(min(places, 5))f", value)
        }
    }

    /// 49,152
    static func count(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = String(digits.dropLast(3))
        }
        return (value < 0 ? minus : "") + ([digits[...]] + groups).joined(separator: ",")
    }

    /// What is counted but not whole, such as tokens a second, without its fraction; what is larger than any count ends at
    /// 1e15.
    static func whole(_ value: Double) -> String { value.isNaN ? number(value) : count(Int(min(max(value, -1e15), 1e15))) }

    /// A count of something that may be one: "1 step", "90 steps".
    static func count(_ value: Int, _ noun: String) -> String { "\(count(value)) \(noun)\(value == 1 ? "" : "s")" }

    static func percent(_ share: Double) -> String { number(100 * share) + " %" }

    /// 2.1 s, 12 min 34 s, 1 h 02 min.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "—" }
        if seconds < 60 { return (seconds < 1 ? String(format: "%.2f", seconds) : String(format: "%.1f", seconds)) + " s" }
        let whole = Int(seconds.rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours > 0 ? String(format: "%d h %02d min", hours, minutes) : "\(minutes) min \(rest) s"
    }

    /// In powers of 1000, as memory is sold.
    static func bytes(_ count: Int) -> String {
        let (units, size) = (["B", "kB", "MB", "GB", "TB"], Double(count))
        let power = size < 1000 ? 0 : min(Int(log10(size) / 3), units.count - 1)
        let value = size / pow(1000, Double(power))
        return (power == 0 ? String(count) : String(format: value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)) + " "
            + units[power]
    }

    /// What is said of several things: "a", "a and b", "a, b and c".
    static func list(_ parts: [String]) -> String {
        guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
        return parts.dropLast().joined(separator: ", ") + " and " + last
    }

    private static func scientific(_ value: Double) -> String {
        let parts = String(format: "%.2e", value).split(separator: "e")
        var digits = String(parts[0])
        while digits.last == "0" { digits.removeLast() }
        if digits.last == "." { digits.removeLast() }
        return "\(digits)e\(Int(parts[1]) ?? 0)"
    }
}
