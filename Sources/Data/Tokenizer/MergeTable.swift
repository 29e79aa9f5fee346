import Tensor

/// What becomes of a pair of neighbouring tokens.
struct Merge: Sendable {
    /// Lower is earlier.
    var rank: Int32
    var merged: Int32
}

/// The pairs that may be merged.
struct MergeTable: Sendable {
    /// By both ids in one word, which hashes in one step: this is the innermost look-up of all.
    private var merges: [UInt64: Merge]

    subscript(left: Int32, right: Int32) -> Merge? { merges[Self.key(left, right)] }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Reads the `model.merges` field, in rank order, in either spelling: `"a b"` or `["a", "b"]`.
    init(_ field: JSONField, _ vocabulary: Vocabulary) throws(TokenizerError) {
        guard let entries = field.value?.array else {
            throw field.malformed(field.value == nil ? "is missing" : "is not an array")
        }
        merges = Dictionary(minimumCapacity: entries.count)
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
            let key = Self.key(try id(left), try id(right))
            // Of a repeated pair the last counts, as in a map.
            merges[key] = Merge(rank: Int32(index), merged: try id(left + right))
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
