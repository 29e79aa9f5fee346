import Foundation

/// The adapters that a flag names: paths joined by commas, each with a weight after `@` where it is not 1.
struct AdapterList {
    let items: [(path: String, weight: Float)]

    /// A path that is there is taken whole, the longest first: names may hold commas and `@` themselves.
    ///
    /// - Throws: ``CommandError`` with exit code 2
    init(_ text: String, flag: String) throws(CommandError) {
        var items: [(path: String, weight: Float)] = []
        var rest = text.split(separator: ",", omittingEmptySubsequences: false)[...]
        while !rest.isEmpty {
            let candidates = (1...rest.count).reversed().lazy.map { (count: $0, text: rest.prefix($0).joined(separator: ",")) }
            let found = candidates.compactMap { candidate in Self.existing(candidate.text).map { (candidate.count, $0) } }.first
            let (count, item) = if let found { found } else { (1, try Self.weighted(rest[rest.startIndex], by: "@", in: flag)) }
            guard !item.path.isEmpty else {
                throw .usage("\(flag) '\(text)' names no file; write path or path@weight, joined by commas")
            }
            items.append(item)
            rest = rest.dropFirst(count)
        }
        self.items = items
    }

    /// The paths alone.
    var paths: [String] { items.map(\.path) }

    /// A path that is there, or one with a weight.
    private static func existing(_ text: String) -> (path: String, weight: Float)? {
        if FileManager.default.fileExists(atPath: text) { return (text, 1) }
        guard text.contains("@"), let item = try? weighted(text[...], by: "@", in: "") else { return nil }
        return FileManager.default.fileExists(atPath: item.path) ? item : nil
    }

    /// What stands before the last separator, and the weight after it; without a separator the weight is 1.
    ///
    /// - Throws: ``CommandError`` with exit code 2 where that is no number
    static func weighted(
        _ item: Substring, by separator: Character, in flag: String
    ) throws(CommandError) -> (path: String, weight: Float) {
        guard let place = item.lastIndex(of: separator) else { return (String(item), 1) }
        guard let weight = Float(item[item.index(after: place)...]), weight.isFinite else {
            throw .usage("\(flag): '\(item)' must end with a number behind '\(separator)'")
        }
        return (String(item[..<place]), weight)
    }
}
