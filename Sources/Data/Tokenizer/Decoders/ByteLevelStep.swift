/// The first half of `ByteLevel`: the bytes that a token spells in the byte-level alphabet. A token with any character from
/// outside of it stands for its own UTF-8.
struct ByteLevelStep: TextStep {
    private static let bytesByScalar: [UInt8?] = {
        var bytes = [UInt8?](repeating: nil, count: 0x180)
        for (scalar, byte) in zip(ByteLevelAlphabet.scalars, UInt8.min...UInt8.max) { bytes[Int(scalar.value)] = byte }
        return bytes
    }()

    private let bytesByScalar = Self.bytesByScalar
    private var spelling: [UInt8] = []
    private var decoded: [UInt8] = []
    /// Whether a character from outside of the alphabet came.
    private var isText = false

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        guard !isText else {
            output += part
            return
        }
        spelling += part
        var index = 0
        while index < part.count {
            let lead = part[index]
            // The scalars below U+0180 take one or two bytes of UTF-8.
            var scalar = Int(lead)
            var length = 1
            if lead >= 0xC0, lead < 0xE0, index + 1 < part.count {
                scalar = Int(lead & 0x1F) << 6 | Int(part[index + 1] & 0x3F)
                length = 2
            }
            guard lead < 0xE0, scalar < bytesByScalar.count, let byte = bytesByScalar[scalar] else {
                isText = true
                output += spelling
                return
            }
            decoded.append(byte)
            index += length
        }
    }

    mutating func finish(to output: inout [UInt8]) {
        if !isText { output += decoded }
        spelling.removeAll(keepingCapacity: true)
        decoded.removeAll(keepingCapacity: true)
        isText = false
    }
}

/// The second half: makes text of bytes. Those that are not UTF-8 become U+FFFD; the start of a character is kept back.
struct UTF8Repair: TextStep {
    /// At most three bytes.
    private var pending: [UInt8] = []

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        if pending.isEmpty, part.allSatisfy({ $0 < 0x80 }) {
            output += part
            return
        }
        pending += part
        let complete = pending.dropLast(Self.lengthOfUnfinishedCharacter(pending))
        output += String(decoding: complete, as: UTF8.self).utf8
        pending.removeFirst(complete.count)
    }

    mutating func finish(to output: inout [UInt8]) {
        output += String(decoding: pending, as: UTF8.self).utf8
        pending.removeAll(keepingCapacity: true)
    }

    /// The number of last bytes that further bytes may complete to one character (Unicode, table 3-7).
    private static func lengthOfUnfinishedCharacter(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let tail = bytes.suffix(length)
            guard let lead = tail.first, lead & 0xC0 != 0x80 else { continue }
            guard length < expectedLength(lead) else { return 0 }
            guard let second = tail.dropFirst().first else { return length }
            let allowed: ClosedRange<UInt8> =
                switch lead {
                case 0xE0: 0xA0...0xBF
                case 0xED: 0x80...0x9F
                case 0xF0: 0x90...0xBF
                case 0xF4: 0x80...0x8F
                default: 0x80...0xBF
                }
            return allowed.contains(second) ? length : 0
        }
        return 0
    }

    /// The length of a character that starts with a byte; 1 for a byte that starts none.
    private static func expectedLength(_ lead: UInt8) -> Int {
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }
}
