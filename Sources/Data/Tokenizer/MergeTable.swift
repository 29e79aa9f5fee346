import Tensor

/// The pairs that may be merged, by rank: lower is earlier.
struct MergeTable: Sendable {
    private var ranks: PairTable
    /// The token that a pair becomes, by its rank; -1 for a rank without a pair.
    private var tokens: [Int32] = []

    /// The rank of a pair of neighbouring tokens; `nil` where they cannot be merged.
    @inline(__always)
    func rank(_ left: Int32, _ right: Int32) -> Int32? { ranks[left, right] }

    /// What the pair of a rank becomes.
    @inline(__always)
    func token(rank: Int32) -> Int32 { tokens[Int(rank)] }

    /// Reads the `model.merges` field, in rank order, in either spelling: `"a b"` or `["a", "b"]`.
    init(_ field: JSONField, _ vocabulary: Vocabulary) throws(TokenizerError) {
        guard let entries = field.value?.array else {
            throw field.malformed(field.value == nil ? "is missing" : "is not an array")
        }
        ranks = PairTable(minimumCapacity: entries.count)
        tokens = Array(repeating: -1, count: entries.count)
        for (index, entry) in entries.enumerated() {
            // The first line of a merges.txt may have come along.
            if entry.string?.hasPrefix("#version") == true { continue }
            func malformed(_ reason: String) -> TokenizerError {
                .malformed(file: field.file, field: "\(field.path)[\(index)]", reason: reason)
            }
            guard let (left, right) = Self.halves(of: entry) else {
                throw malformed("is neither \"a b\" nor [\"a\", \"b\"]")
            }
            func id(_ token: String) throws(TokenizerError) -> Int32 {
                guard let id = vocabulary.id(of: token) else {
                    throw malformed("names '\(token)', which is not in model.vocab")
                }
                return id
            }
            // Of a repeated pair the last counts, as in a map.
            ranks.insert(try id(left), try id(right), Int32(index))
            tokens[index] = try id(left + right)
        }
    }

    private static func halves(of entry: JSON) -> (String, String)? {
        switch entry {
        case .string(let line):
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        case .array(let parts):
            guard parts.count == 2, let left = parts[0].string, let right = parts[1].string else { return nil }
            return (left, right)
        default:
            return nil
        }
    }
}
