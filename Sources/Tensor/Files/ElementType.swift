/// The type of a stored tensor's elements.
public enum ElementType: String, Sendable, CaseIterable {
    /// An IEEE floating-point number of 64, 32 or 16 bits.
    case float64, float32, float16
    /// The upper half of a float32.
    case bfloat16
    /// A signed integer, in two's complement.
    case int64, int32, int16, int8
    /// An unsigned integer.
    case uint32, uint8
    /// A floating-point number of 8 bits: 4 of exponent, 3 of mantissa, no infinities.
    case float8E4M3 = "float8_e4m3fn"
    /// A floating-point number of 8 bits: 5 of exponent, 2 of mantissa.
    case float8E5M2 = "float8_e5m2"
    /// As `float8E4M3` with exponents one lower, no negative zero, and one code that is no number.
    case float8E4M3UnsignedZero = "float8_e4m3fnuz"
    /// As `float8E5M2` with exponents one lower, no negative zero, no infinities, and one code that is no number.
    case float8E5M2UnsignedZero = "float8_e5m2fnuz"
    /// A power of two in 8 bits.
    case float8E8M0 = "float8_e8m0fnu"
    /// A truth value: a byte, 0 for false.
    case bool
    /// A complex number: two floating-point numbers of half the size. Kept and written, but not read as values.
    case complex64, complex128

    /// ggml's quantised types: blocks of elements that share a scale. Rows are whole blocks.
    case q8_0, q4_0, q4_1, q5_0, q5_1
    /// ggml's quantised types of the second generation: blocks of 256 elements, of smaller blocks whose scales are
    /// quantised too.
    case q4K = "q4_K"
    /// Blocks of 256 in 5 bits and a half.
    case q5K = "q5_K"
    /// Blocks of 256 in 6 bits and a half.
    case q6K = "q6_K"
    /// Blocks of 256 in 2 bits and five eighths.
    case q2K = "q2_K"
    /// Blocks of 256 in 3 bits and seven sixteenths.
    case q3K = "q3_K"
    /// Blocks of ggml whose values are places in a table of 16: of 32 with a scale each, and of 256 with scales of smaller
    /// blocks.
    case iq4NL = "iq4_NL"
    /// Blocks of 256 in 4 bits and a quarter.
    case iq4XS = "iq4_XS"
    /// Numbers of 4 bits with a power of two for 32 of them (the Microscaling formats of the Open Compute Project).
    case mxfp4
    /// Blocks of 256 values of -1, 0 and 1 with a scale, in 1.7 and in 2 bits each.
    case tq1_0, tq2_0

    /// How many elements a block has; 1 for a type without blocks.
    var elementsPerBlock: Int {
        switch self {
        case .q8_0, .q4_0, .q4_1, .q5_0, .q5_1, .iq4NL, .mxfp4: 32
        case .q2K, .q3K, .q4K, .q5K, .q6K, .iq4XS, .tq1_0, .tq2_0: 256
        default: 1
        }
    }

    /// Whether elements come in blocks that share a scale.
    public var isQuantized: Bool { elementsPerBlock > 1 }

    /// Whether elements are floating-point numbers of 8 bits.
    var isFloat8: Bool {
        switch self {
        case .float8E4M3, .float8E5M2, .float8E4M3UnsignedZero, .float8E5M2UnsignedZero, .float8E8M0: true
        default: false
        }
    }

    /// Whether elements are integers or truth values.
    var isInteger: Bool {
        switch self {
        case .int64, .int32, .int16, .int8, .uint32, .uint8, .bool: true
        default: false
        }
    }

    /// The size of an element in bytes, or of a block.
    public var size: Int {
        switch self {
        case .q4_0: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q4K: 144
        case .q5K: 176
        case .q6K: 210
        case .q2K: 84
        case .q3K: 110
        case .iq4NL: 18
        case .iq4XS: 136
        case .mxfp4: 17
        case .tq1_0: 54
        case .tq2_0: 66
        case .complex128: 16
        case .float64, .int64, .complex64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .float8E4M3, .float8E5M2, .float8E4M3UnsignedZero, .float8E5M2UnsignedZero, .float8E8M0, .bool: 1
        }
    }

    /// The number by which the C kernels know a quantised type: ggml's.
    var blockFormat: Int32? {
        switch self {
        case .q4_0: 2
        case .q4_1: 3
        case .q5_0: 6
        case .q5_1: 7
        case .q8_0: 8
        case .q4K: 12
        case .q5K: 13
        case .q6K: 14
        case .q2K: 10
        case .q3K: 11
        case .iq4NL: 20
        case .iq4XS: 23
        case .tq1_0: 34
        case .tq2_0: 35
        case .mxfp4: 39
        default: nil
        }
    }
}

/// IEEE half precision as bits: portable, where the platform's own type is missing.
enum Half {
    static func float(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF)
        if magnitude >= 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13) }
        if magnitude < 0x400 {
            // A subnormal: magnitude / 2^24.
            let value = Float(magnitude) * 0x1p-24
            return sign == 0 ? value : -value
        }
        return Float(bitPattern: sign | (magnitude << 13) + 0x3800_0000)
    }

    /// To nearest, ties to even; beyond 65,504 infinity.
    static func bits(_ value: Float) -> UInt16 {
        let pattern = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: pattern >> 16 & 0x8000)
        let magnitude = pattern & 0x7FFF_FFFF
        if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
        if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
        if magnitude < 0x3880_0000 {
            let scaled = (Float(bitPattern: magnitude) * 0x1p24).rounded(.toNearestOrEven)
            return sign | UInt16(scaled)
        }
        let rounded = magnitude + 0xFFF + (magnitude >> 13 & 1)
        return sign | UInt16((rounded - 0x3800_0000) >> 13)
    }
}

/// The upper half of a float32.
enum BFloat16 {
    static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// To nearest, ties to even.
    static func bits(_ value: Float) -> UInt16 {
        if value.isNaN { return 0x7FC0 }
        let pattern = value.bitPattern
        return UInt16(truncatingIfNeeded: (pattern &+ 0x7FFF &+ (pattern >> 16 & 1)) >> 16)
    }
}
