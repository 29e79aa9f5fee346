/// The printable characters by which byte-level vocabularies spell the 256 bytes: Latin-1's printable
/// bytes stand for themselves, the others follow from U+0100 in order. So a space is `Ġ`.
///
/// Source: `bytes_to_unicode` of GPT-2, https://github.com/openai/gpt-2/blob/master/src/encoder.py.
enum ByteLevelAlphabet {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt8 = 0
        return (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
                return Unicode.Scalar(byte)
            default:
                defer { next += 1 }
                // Of 68 bytes that are not printable, so at most U+0143.
                return Unicode.Scalar(0x100 + UInt16(next)) ?? "\u{FFFD}"
            }
        }
    }()

    /// The UTF-8 of the character of each byte.
    static let spellings: [[UInt8]] = scalars.map { Array(String($0).utf8) }

    private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

    /// The bytes that a token spells; `nil` if it has a character outside of the alphabet.
    static func decode(_ token: String) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(token.utf8.count)
        for scalar in token.unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            decoded.append(byte)
        }
        return decoded
    }
}
