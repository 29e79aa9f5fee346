import Foundation

/// Python's operations on text. Text is a sequence of Unicode scalars: that is what Python counts, cuts and compares,
/// where Swift's `String` counts grapheme clusters and compares up to canonical equivalence.
enum PythonText {
    static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    static func equal(_ left: String, _ right: String) -> Bool {
        let count = left.utf8.count
        guard count == right.utf8.count else { return false }
        let result = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right in
                guard let left = left.baseAddress, let right = right.baseAddress else { return true }
                return memcmp(left, right, count) == 0
            }
        }
        return (result ?? nil) ?? left.utf8.elementsEqual(right.utf8)
    }

    /// The order of code points, which is that of UTF-8's bytes.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// `str.isspace` of one character, which is also what `strip`, `split` and a regular expression's `\s` go by.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    // MARK: Searching

    /// The offsets in bytes at which `part` stands in `text`, without overlaps, at most `limit` of them.
    ///
    /// A search over UTF-8 finds whole scalars only, since no scalar's bytes begin inside of another's.
    static func occurrences(of part: String, in text: String, limit: Int = .max) -> [Int] {
        guard let first = part.utf8.first else { return [] }
        var text = text
        var part = part
        return text.withUTF8 { text in
            part.withUTF8 { part in
                var found: [Int] = []
                var start = 0
                while found.count < limit, start + part.count <= text.count {
                    guard let candidate = text[start...(text.count - part.count)].firstIndex(of: first) else { break }
                    if text[candidate..<candidate + part.count].elementsEqual(part) {
                        found.append(candidate)
                        start = candidate + part.count
                    } else {
                        start = candidate + 1
                    }
                }
                return found
            }
        }
    }

    static func contains(_ part: String, in text: String) -> Bool {
        part.isEmpty || !occurrences(of: part, in: text, limit: 1).isEmpty
    }

    static func hasPrefix(_ text: String, _ prefix: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    static func hasSuffix(_ text: String, _ suffix: String) -> Bool {
        text.utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    /// The part of `text` between two offsets in bytes, both at the edge of a scalar.
    static func slice(_ text: String, bytes range: Range<Int>) -> String {
        let utf8 = text.utf8
        return String(
            text[
                utf8.index(
                    utf8.startIndex, offsetBy: range.lowerBound)..<utf8.index(
                        utf8.startIndex, offsetBy: range.upperBound)])
    }

    // MARK: Cutting

    enum Side { case left, right, both }

    /// `strip`, `lstrip`, `rstrip`: without the given characters (or whitespace) at the ends.
    static func strip(_ text: String, _ characters: String? = nil, _ side: Side = .both) -> String {
        // Most texts have nothing to lose, which their first and last bytes tell.
        if characters == nil, let first = text.utf8.first, let last = text.utf8.last, (0x21..<0x7F).contains(first),
            (0x21..<0x7F).contains(last)
        {
            return text
        }
        let set = characters.map { Set($0.unicodeScalars) }
        func drops(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
        var rest = text.unicodeScalars[...]
        if side != .right { rest = rest.drop(while: drops) }
        if side != .left { while let last = rest.last, drops(last) { rest.removeLast() } }
        return String(rest)
    }

    /// `split(separator, limit)`; the separator must not be empty.
    static func split(_ text: String, by separator: String, limit: Int?, fromEnd: Bool) -> [String] {
        var cuts = occurrences(of: separator, in: text, limit: fromEnd ? .max : limit ?? .max)
        if fromEnd {
            // From the end the matches may lie otherwise ("aaa" by "aa"), so they are sought backwards.
            let reversed = occurrences(of: reverse(separator), in: reverse(text), limit: limit ?? .max)
            cuts = reversed.reversed().map { text.utf8.count - $0 - separator.utf8.count }
        }
        var parts: [String] = []
        var start = 0
        for cut in cuts {
            parts.append(slice(text, bytes: start..<cut))
            start = cut + separator.utf8.count
        }
        parts.append(slice(text, bytes: start..<text.utf8.count))
        return parts
    }

    /// `split()` and `split(None, limit)`: between runs of whitespace, without empty parts.
    static func splitAtSpaces(_ text: String, limit: Int?, fromEnd: Bool) -> [String] {
        if fromEnd {
            return splitAtSpaces(reverse(text), limit: limit, fromEnd: false).reversed().map(reverse)
        }
        var parts: [String] = []
        var rest = text.unicodeScalars[...].drop(while: isSpace)
        while !rest.isEmpty {
            if let limit, parts.count == limit {
                parts.append(String(rest))
                return parts
            }
            let word = rest.prefix { !isSpace($0) }
            parts.append(String(word))
            rest = rest[word.endIndex...].drop(while: isSpace)
        }
        return parts
    }

    /// `splitlines`: at every line boundary that Python knows.
    static func lines(_ text: String, keepingEnds: Bool = false) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var iterator = text.unicodeScalars.makeIterator()
        var pending = iterator.next()
        while let scalar = pending {
            pending = iterator.next()
            switch scalar.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                if keepingEnds { line.append(scalar) }
                if scalar == "\r", pending == "\n" {
                    if keepingEnds { line.append("\n") }
                    pending = iterator.next()
                }
                lines.append(String(line))
                line = String.UnicodeScalarView()
            default: line.append(scalar)
            }
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }

    static func reverse(_ text: String) -> String { string(text.unicodeScalars.reversed()) }
}

// MARK: - Letters

extension PythonText {
    static func upper(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
    }

    /// `lower`, with Unicode's one rule that looks around: a capital sigma that ends a word becomes "ς".
    static func lower(_ text: String) -> String {
        guard text.unicodeScalars.contains("Σ") else {
            return text.unicodeScalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping }
        }
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            guard scalar == "Σ" else {
                result += scalar.properties.lowercaseMapping
                continue
            }
            let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
            let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
            let endsWord = before?.properties.isCased == true && after?.properties.isCased != true
            result += endsWord ? "ς" : "σ"
        }
        return result
    }

    /// `casefold`, as far as Swift knows it: the lower case of the upper case, which is where "ß" becomes "ss".
    static func casefold(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            let properties = scalar.properties
            guard properties.changesWhenCaseFolded else { return result.unicodeScalars.append(scalar) }
            for upper in properties.uppercaseMapping.unicodeScalars { result += upper.properties.lowercaseMapping }
        }
    }

    /// `istitle`: upper case begins every run of letters that have case, lower case continues it.
    static func isTitle(_ text: String) -> Bool {
        var afterCased = false
        var found = false
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            if properties.isUppercase || properties.generalCategory == .titlecaseLetter {
                if afterCased { return false }
                (afterCased, found) = (true, true)
            } else if properties.isLowercase {
                guard afterCased else { return false }
                found = true
            } else {
                afterCased = false
            }
        }
        return found
    }

    /// `capitalize`: the first character in title case, the rest in lower case.
    static func capitalize(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return "" }
        // Lowered as a whole, so that a final sigma sees what stands before it.
        let lowered = lower(text).unicodeScalars.dropFirst(first.properties.lowercaseMapping.unicodeScalars.count)
        return first.properties.titlecaseMapping + String(lowered)
    }

    /// `str.title`: a letter in title case after anything that has no case, in lower case after a cased one.
    static func title(_ text: String) -> String {
        var afterCased = false
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            result += afterCased ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            afterCased = scalar.properties.isCased
        }
    }

    static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
    }

    static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        isLetter(scalar) || scalar.properties.numericType != nil
    }

    /// How many runs of a regular expression's `\w` there are.
    static func wordCount(_ text: String) -> Int {
        text.unicodeScalars.split { !isAlphanumeric($0) && $0 != "_" }.count
    }

    /// `isupper`, `islower`: some character has case, and all that have it have this one.
    static func isAll(upper: Bool, _ text: String) -> Bool {
        var found = false
        for scalar in text.unicodeScalars {
            if upper ? scalar.properties.isLowercase : scalar.properties.isUppercase { return false }
            if scalar.properties.generalCategory == .titlecaseLetter { return false }
            if upper ? scalar.properties.isUppercase : scalar.properties.isLowercase { found = true }
        }
        return found
    }
}
