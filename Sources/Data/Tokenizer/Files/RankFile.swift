import Foundation

/// A file of tiktoken's: on each line the bytes of a token in Base64, and its rank, which is its id.
struct RankFile {
    /// The bytes of the tokens by rank; ranks have no gaps.
    let tokens: [[UInt8]]

    /// Whether bytes begin like such a file: printable text, a space, a number.
    static func isOne(_ bytes: Foundation.Data) -> Bool {
        let line = bytes.prefix(longestLine).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let parts = line.split(separator: UInt8(ascii: " "))
        return parts.count == 2 && parts[0].allSatisfy(isBase64) && parts[1].allSatisfy { 0x30...0x39 ~= $0 }
    }

    private static let longestLine = 1 << 14

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F, 0x3D: true
        default: false
        }
    }

    init(_ bytes: Foundation.Data, file: String) throws(TokenizerError) {
        var byRank: [Int: [UInt8]] = [:]
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard !line.isEmpty else { continue }
            func malformed(_ reason: String) -> TokenizerError { .malformed(file: file, field: "line \(index + 1)", reason: reason) }
            let parts = line.split(separator: UInt8(ascii: " "))
            guard parts.count == 2, let token = Foundation.Data(base64Encoded: Foundation.Data(parts[0])), !token.isEmpty,
                let rank = Int(String(decoding: parts[1], as: UTF8.self))
            else { throw malformed("is not a token in Base64 and a rank") }
            guard byRank.updateValue(Array(token), forKey: rank) == nil else { throw malformed("the rank \(rank) is there twice") }
        }
        tokens = try Self.ordered(byRank, file: file)
    }

    /// - Parameter tokens: By rank.
    init(tokens: [[UInt8]], file: String, field: String) throws(TokenizerError) {
        self.tokens = tokens
        try Self.check(tokens, file: file, field: field)
    }

    private static func ordered(_ byRank: [Int: [UInt8]], file: String) throws(TokenizerError) -> [[UInt8]] {
        var tokens: [[UInt8]] = []
        tokens.reserveCapacity(byRank.count)
        for rank in 0..<byRank.count {
            guard let token = byRank[rank] else {
                throw .malformed(
                    file: file, field: "the whole file", reason: "there are \(byRank.count) tokens, but none of the rank \(rank)")
            }
            tokens.append(token)
        }
        try check(tokens, file: file, field: "rank ")
        return tokens
    }

    private static func check(_ tokens: [[UInt8]], file: String, field: String) throws(TokenizerError) {
        guard !tokens.isEmpty else { throw .malformed(file: file, field: "the whole file", reason: "has no tokens") }
        var ranks: [[UInt8]: Int] = [:]
        ranks.reserveCapacity(tokens.count)
        guard SplitCost.isBearable(tokens.lazy.map(\.count)) else {
            throw .malformed(file: file, field: "the whole file", reason: "has tokens of more bytes than any vocabulary")
        }
        for (rank, token) in tokens.enumerated() {
            if let other = ranks.updateValue(rank, forKey: token) {
                throw .malformed(file: file, field: field + "\(rank)", reason: "has the bytes of rank \(other)")
            }
        }
        if let byte = (UInt8.min...UInt8.max).first(where: { ranks[[$0]] == nil }) {
            throw .malformed(file: file, field: "the whole file", reason: "has no token for the byte \(byte)")
        }
    }
}

/// The cost of looking at every way to cut each token of a vocabulary in two, which grows with the squares of their lengths.
enum SplitCost {
    /// Real vocabularies stay a hundred times below.
    private static let limit = 1 << 30
    private static let longestToken = 1 << 12

    /// - Parameter lengths: Of the tokens, in bytes.
    static func isBearable(_ lengths: some Sequence<Int>) -> Bool {
        var cost = 0
        for length in lengths {
            guard length <= longestToken else { return false }
            cost += length * length
            guard cost <= limit else { return false }
        }
        return true
    }
}
